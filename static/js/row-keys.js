// j and k move from row to row; r and c act on the row that has the focus.

import { announce } from "./announcer.js";
import { isTyping } from "./keys.js";
import { notify } from "./notices.js";
import { send } from "./send.js";

const ACTIONS = { r: "retry", c: "cancel" };
const DONE = { retry: "Retried.", cancel: "Canceled." };

export function connect(list) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
    if (event.key === "j") move(list, 1);
    if (event.key === "k") move(list, -1);
    const row = document.activeElement.closest?.("[data-scan]");
    if (row && ACTIONS[event.key]) act(list, row.dataset.scan, ACTIONS[event.key]);
  });
}

function move(list, step) {
  const links = [...list.querySelectorAll(".row-link")];
  const current = links.indexOf(document.activeElement);
  const next = current < 0 ? 0 : current + step;
  links[Math.max(0, Math.min(links.length - 1, next))]?.focus();
}

/** The news of it will change the row. */
async function act(list, id, action) {
  const response = await send(`${list.dataset.apiUrl}/${id}/${action}`).catch(() => null);
  if (response?.ok) return announce(DONE[action]);
  const problem = await response?.json().catch(() => null);
  notify(problem?.detail ?? "The server could not be reached: nothing was done.");
}
