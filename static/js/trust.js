// How far this tab trusts what it shows: live is what was read after news began to flow.

import { tell } from "./news.js";

const OFFLINE_AFTER_MS = 4_000;
const READ_AGAIN_MS = 2_000;

/** What is shown must be read again. */
export function distrust(here, retryMs = 0) {
  here.trust = null;
  doubt(here, retryMs);
}

/** It may be old; whatever is under way to make it right goes on. */
export function doubt(here, retryMs = 0) {
  tell("standing", "catching up");
  here.timers.offline ??= setTimeout(tell, retryMs + OFFLINE_AFTER_MS, "standing", "offline");
}

/** All that this tab shows; whoever shows something says when it is read. */
export async function read(here) {
  const trust = { isDone: false };
  here.trust = trust;
  const reading = [];
  tell("refresh", reading);
  const isRead = (await Promise.allSettled(reading)).every(({ status }) => status === "fulfilled");
  if (here.trust !== trust) return;
  if (!isRead) return after(here, "read", READ_AGAIN_MS, () => here.trust === trust && read(here));
  trust.isDone = true;
  clearTimeout(here.timers.offline);
  delete here.timers.offline;
  tell("standing", "live");
}

export function after(here, name, ms, then) {
  clearTimeout(here.timers[name]);
  here.timers[name] = setTimeout(then, ms);
}
