// The counts on the tabs.

import { fetchFragment, morph } from "./fragment.js";
import { listen } from "./news.js";
import { number } from "./words.js";

const COUNT_AGAIN_MS = 2_000;

export function connect(list) {
  let timer = null;
  const read = async () => {
    timer = null;
    const query = new URLSearchParams(location.search);
    if (list.dataset.batch) query.set("batch", list.dataset.batch);
    const fresh = await fetchFragment(`${list.dataset.countsUrl}?${query}`);
    morph(list.querySelector("[data-tabs]"), fresh.querySelector("[data-tabs]"));
  };
  listen("refresh", (reading) => reading.push(read()));
  listen("counts", ({ batch_id: batch, counts }) => {
    if ((batch ?? "") !== list.dataset.batch) return;
    // The news count all scans; those that a text filter leaves, the server must count.
    if (list.querySelector("[data-list-body]").dataset.textFilter) timer ??= setTimeout(() => read().catch(() => {}), COUNT_AGAIN_MS);
    else show(list.querySelector("[data-tabs]"), counts);
  });
}

function show(tabs, counts) {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  for (const [state, count] of Object.entries({ ...counts, all })) {
    const element = tabs.querySelector(`[data-count="${state}"]`);
    if (!element) continue;
    element.textContent = number(count);
    if (count) element.closest(".tab").hidden = false;
  }
}
