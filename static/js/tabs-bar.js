// The counts on the states' tabs, and how many scans wait to be shown: the list itself never moves by itself.

import { readList } from "./list-now.js";
import { listen } from "./news.js";
import { number } from "./words.js";

// What the server asks for beside few others.
const CALM_MS = 2_000;

export function connect(list) {
  let timer = null;
  let lookedAt = 0;
  let pauseMs = CALM_MS;

  const look = async () => {
    // What comes while it reads may be newer.
    timer = null;
    lookedAt = performance.now();
    const isRead = await readList(list, { rows: false }).then(
      () => true,
      () => false,
    );
    if (!isRead) lookSoon();
  };
  const lookSoon = () => (timer ??= setTimeout(look, pauseBefore(lookedAt, pauseMs)));
  listen("counts", ({ batch_id: batch, counts, pause_ms: askedMs }) => {
    if ((batch ?? "") !== list.dataset.batch) return;
    pauseMs = askedMs;
    const { textFilter, stateFilter, isNewest } = list.querySelector("[data-list-body]").dataset;
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const tabs = list.querySelector("[data-tabs]");
    const isOther = shown(tabs, "all") !== total || (stateFilter && shown(tabs, stateFilter) !== counts[stateFilter]);
    // The news count all scans; those that a text filter leaves, the server must count.
    if (!textFilter) show(tabs, { ...counts, all: total });
    if (textFilter || (isOther && isNewest === "true")) lookSoon();
  });
  // As many may have come to a state as have left it: counts do not tell.
  listen("told", () => {
    const { stateFilter, isNewest } = list.querySelector("[data-list-body]").dataset;
    if (stateFilter && isNewest === "true") lookSoon();
  });
}

/** All who look hear of a new scan in the same moment: the more there are the longer it takes until all have asked. */
function pauseBefore(lookedAt, pauseMs) {
  return Math.max(0, lookedAt + pauseMs - performance.now(), Math.random() * (pauseMs - CALM_MS));
}

function show(tabs, counts) {
  for (const [state, count] of Object.entries(counts)) {
    const element = tabs.querySelector(`[data-count="${state}"]`);
    if (!element || element.textContent === number(count)) continue;
    element.textContent = number(count);
    if (count) element.closest(".tab").hidden = false;
  }
}

function shown(tabs, state) {
  return Number(tabs.querySelector(`[data-count="${state}"]`).textContent.replaceAll(",", ""));
}
