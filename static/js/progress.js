// How far a batch is: its bar and its number with the news; its rate, its likely end and its failures a little later.

import { fetchFragment, morph } from "./fragment.js";
import { retellCounts } from "./frame.js";
import { listen } from "./news.js";
import { isTerminal } from "./scan.js";
import { number, words } from "./words.js";

const READ_AGAIN_MS = 5_000;

export function connect(head) {
  let timer = null;
  let pauseMs = 0;
  const read = async () => {
    const askedAt = performance.now();
    const fresh = await fetchFragment(head.dataset.nowUrl).catch(() => null);
    for (const part of fresh?.querySelectorAll("#batch-progress, #failures") ?? []) morph(document.getElementById(part.id), part);
    timer = null;
    if (fresh) retellCounts(askedAt);
    else readSoon();
  };
  const readSoon = () => (timer ??= setTimeout(read, Math.max(READ_AGAIN_MS, pauseMs * (0.5 + Math.random()))));
  listen("counts", ({ batch_id: batch, counts, pause_ms: askedMs }) => {
    if (batch !== head.dataset.progress || !show(head, counts) || document.hidden) return;
    pauseMs = askedMs;
    readSoon();
  });
}

/** Returns whether anything is other than it was. */
function show(head, counts) {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  let before = 0;
  let done = 0;
  let isOther = false;
  for (const part of head.querySelectorAll("[data-bar] rect")) {
    const { state } = part.dataset;
    const count = counts[state] ?? 0;
    const title = `${words.states[state]} ${count}`;
    isOther ||= part.textContent !== title;
    part.setAttribute("x", `${(100 * before) / total}%`);
    part.setAttribute("width", `${(100 * count) / total}%`);
    part.querySelector("title").textContent = title;
    before += count;
    if (isTerminal(state)) done += count;
  }
  head.querySelector("[data-done]").textContent = number(done);
  head.querySelector("[data-bar]").setAttribute("aria-label", `${done} of ${total} done`);
  return isOther;
}
