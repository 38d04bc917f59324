// The list: rows change in place, and new scans wait behind a button, so that nothing moves under the reader's eyes.

import { announceEnds } from "./announcer.js";
import { listen } from "./news.js";
import { fetchRows, refreshRow, showFirst } from "./rows.js";
import { isTerminal, patch } from "./scan.js";
import { number } from "./words.js";

const MOST_SHOWN = 99;
const LOOK_AGAIN_MS = 2_000;
const FIRST_ONES_MS = 150;

export function connect(list) {
  const state = { list, unseen: new Set(), timer: null };
  listen("scans", (scans) => scans.forEach((scan) => hear(state, scan)));
  listen("refresh", (reading) => reading.push(readAgain(state)));
  listen("list replaced", () => (state.unseen.clear(), showButton(state)));
}

function body(list) {
  return list.querySelector("[data-list-body]");
}

function hear(state, scan) {
  const row = document.getElementById(`scan-${scan.id}`);
  if (row) {
    if (patch(row, scan) && isTerminal(scan.state)) announceEnds(row, scan);
    return;
  }
  const { stateFilter, textFilter } = body(state.list).dataset;
  if (!isNew(state.list, scan.id) || (stateFilter && stateFilter !== scan.state)) return;
  const isEmpty = !state.list.querySelector("[data-scan]");
  // Of a text filter the server alone knows what matches; and an empty list has nothing that could jump.
  if (textFilter || isEmpty) state.timer ??= setTimeout(() => lookAgain(state), isEmpty ? FIRST_ONES_MS : LOOK_AGAIN_MS);
  else note(state, [scan.id]);
}

/** Ids rise with time, so a scan that is newer than the first row was not there when the list was read. */
function isNew(list, id) {
  const first = list.querySelector("[data-scan]")?.dataset.scan;
  return body(list).dataset.isNewest === "true" && (!first || id > first);
}

function note(state, ids) {
  for (const id of ids) state.unseen.add(id);
  showButton(state);
}

function showButton({ list, unseen }) {
  const button = list.querySelector("[data-new-scans]");
  button.hidden = unseen.size === 0;
  list.querySelector("[data-new-count]").textContent = unseen.size > MOST_SHOWN ? `${MOST_SHOWN}+` : number(unseen.size);
}

async function lookAgain(state) {
  state.timer = null;
  await readAgain(state).catch(() => {});
}

/** The page as it would be now tells what is new in it; rows that have left it since are asked for by name. */
async function readAgain(state) {
  const { rowsUrl, batch } = state.list.dataset;
  const missing = new Set([...state.list.querySelectorAll("[data-scan]")].map((row) => row.dataset.scan));
  const query = new URLSearchParams(location.search);
  if (batch) query.set("batch", batch);
  const rows = await fetchRows(`${rowsUrl}?${query}`);
  if (!missing.size) return showFirst(state.list, rows);
  note(state, rows.map((row) => row.dataset.scan).filter((id) => isNew(state.list, id)));
  for (const row of rows) refreshRow(row), missing.delete(row.dataset.scan);
  if (missing.size) (await fetchRows(`${rowsUrl}?ids=${[...missing].join()}`)).forEach(refreshRow);
}
