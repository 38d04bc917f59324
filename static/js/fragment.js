// Fetches what Jinja renders, and makes what is shown equal to it without disturbing the reader.

import { Idiomorph } from "../vendor/idiomorph-0.8.0.esm.js";
import { tell } from "./news.js";
import { leaveIfSignedOut } from "./send.js";
import { setServerTime } from "./server-clock.js";

// Set by scripts alone: what was fetched knows nothing of them.
const OURS = ["data-fresh", "data-folded-by-hand", "data-in-view"];

let isTelling = false;

// From now on it is the reader who folds and unfolds it.
document.addEventListener("click", (event) => {
  event.target.closest("summary")?.parentElement.setAttribute("data-folded-by-hand", "");
});

/** The <body> of a page or partial; throws unless the server answered well. */
export async function fetchFragment(url) {
  const response = await fetch(url, { headers: { Accept: "text/html" } });
  leaveIfSignedOut(response);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const body = parseFragment(await response.text());
  const now = body.querySelector("[data-now]");
  if (now) setServerTime(now.dataset.now);
  return body;
}

export function parseFragment(html) {
  return new DOMParser().parseFromString(html, "text/html").body;
}

/** Focus, selection, scroll and what the reader has folded stay as they are. */
export function morph(element, fresh) {
  Idiomorph.morph(element, fresh, { ignoreActiveValue: true, callbacks: { beforeAttributeUpdated, beforeNodeMorphed } });
  if (!isTelling) queueMicrotask(() => ((isTelling = false), tell("refreshed")));
  isTelling = true;
}

function beforeAttributeUpdated(name, element) {
  return !OURS.includes(name) && !(name === "open" && element.hasAttribute("data-folded-by-hand"));
}

/** What is shown may be newer than what was fetched: news came in between. */
function beforeNodeMorphed(shown, fresh) {
  return !(Number(shown.dataset?.revision) > Number(fresh.dataset?.revision));
}
