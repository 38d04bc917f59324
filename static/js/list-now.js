// Reads how a list stands now: its counts, how many scans wait to be shown, and those of its rows that have changed.

import { fetchFragment, morph } from "./fragment.js";
import { retellCounts } from "./frame.js";
import { tell } from "./news.js";

// Elements that stand once on the page.
const PARTS = ["tabs", "new-scans", "batch-progress", "failures"];

export async function readList(list, { rows }) {
  const shown = [...list.querySelectorAll("[data-scan]")].map(nameAndRevision);
  const query = new URLSearchParams(location.search);
  query.set("shown", shown.join());
  if (list.dataset.batch) query.set("batch", list.dataset.batch);
  if (rows) query.set("rows", "all");
  const page = location.href;
  const askedAt = performance.now();
  const fresh = await fetchFragment(`${list.dataset.nowUrl}?${query}`);
  // The reader has gone on to other scans meanwhile.
  if (page !== location.href) return;
  for (const id of PARTS) {
    const [part, news] = [document.getElementById(id), fresh.querySelector(`#${id}`)];
    if (part && news) morph(part, news);
  }
  retellCounts(askedAt);
  for (const row of fresh.querySelectorAll("[data-scan]")) refreshRow(row);
  // Nothing that could jump.
  if (!shown.length && !fresh.querySelector("#new-scans").hidden) tell("list outdated");
}

function nameAndRevision({ dataset: { scan, revision } }) {
  return `${scan.replaceAll("-", "")}.${revision}`;
}

/** Nothing of a row but its clocks changes without a new revision. */
function refreshRow(row) {
  const shown = document.getElementById(row.id);
  if (shown && Number(row.dataset.revision) > Number(shown.dataset.revision)) morph(shown, row);
}
