// How far a batch is: its bar and its number.

import { listen } from "./news.js";
import { isTerminal } from "./scan.js";
import { number, words } from "./words.js";

export function connect(head) {
  listen("counts", ({ batch_id: batch, counts }) => batch === head.dataset.progress && show(head, counts));
}

function show(head, counts) {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  let before = 0;
  let done = 0;
  for (const part of head.querySelectorAll("[data-bar] rect")) {
    const { state } = part.dataset;
    const count = counts[state] ?? 0;
    part.setAttribute("x", `${(100 * before) / total}%`);
    part.setAttribute("width", `${(100 * count) / total}%`);
    part.querySelector("title").textContent = `${words.states[state]} ${count}`;
    before += count;
    if (isTerminal(state)) done += count;
  }
  head.querySelector("[data-done]").textContent = number(done);
  head.querySelector("[data-bar]").setAttribute("aria-label", `${done} of ${total} done`);
}
