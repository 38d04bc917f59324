// The rows of the list change in place: those in view at once, the others a little later.

import { announceEnds } from "./announcer.js";
import { readList } from "./list-now.js";
import { listen } from "./news.js";
import { isTerminal, patch } from "./scan.js";

const OUT_OF_VIEW_MS = 1_000;

export function connect(list) {
  const later = new Map();
  let timer = null;

  const apply = (row, scan) => {
    later.delete(scan.id);
    if (patch(row, scan) && isTerminal(scan.state)) announceEnds(row, scan);
  };
  const applyLater = () => {
    clearTimeout(timer);
    timer = null;
    for (const scan of later.values()) {
      const row = rowOf(scan.id);
      if (row) apply(row, scan);
    }
    later.clear();
  };
  const view = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      target.toggleAttribute("data-in-view", isIntersecting);
      const scan = isIntersecting && later.get(target.dataset.scan);
      if (scan) apply(target, scan);
    }
  });
  const watchRows = () => list.querySelectorAll("[data-scan]").forEach((row) => view.observe(row));

  listen("scans", (scans) => {
    for (const scan of scans) {
      const row = rowOf(scan.id);
      if (!row) continue;
      if (row.hasAttribute("data-in-view")) apply(row, scan);
      else later.set(scan.id, scan);
    }
    if (later.size) timer ??= setTimeout(applyLater, OUT_OF_VIEW_MS);
  });
  listen("refresh", (reading) => reading.push(readList(list, { rows: true })));
  listen("told", applyLater);
  listen("refreshed", watchRows);
  watchRows();
}

function rowOf(id) {
  return document.getElementById(`scan-${id}`);
}
