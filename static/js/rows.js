// Rows as the server draws them.

import { fetchFragment, morph } from "./fragment.js";

export async function fetchRows(url) {
  return [...(await fetchFragment(url)).querySelectorAll("[data-scan]")];
}

/** Nothing of a row but its clocks changes without a new revision. */
export function refreshRow(row) {
  const shown = document.getElementById(row.id);
  if (shown && Number(row.dataset.revision) > Number(shown.dataset.revision)) morph(shown, row);
}

export function showFirst(list, rows) {
  if (!rows.length) return;
  list.querySelector("[data-rows]").append(...rows);
  list.querySelector("[data-empty]")?.remove();
}
