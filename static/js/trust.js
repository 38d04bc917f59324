// How far this tab trusts what it shows: live is what was read after news began to flow.

import { tell } from "./news.js";
import { setServerTime } from "./server-clock.js";

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
  const isRead = await isDone("refresh");
  if (here.trust !== trust) return;
  if (!isRead) return after(here, "read", READ_AGAIN_MS, () => here.trust === trust && read(here));
  confirm(here);
}

/** The stream told how all stands: live is a tab that has drawn it; one that has not, for it came too late to hear, reads. */
export async function believe(here, { revisions, server_time: serverTime }) {
  const trust = { isDone: false };
  here.trust = trust;
  setServerTime(serverTime);
  await new Promise(requestAnimationFrame);
  if (here.trust !== trust) return;
  const isDrawn = await isDone("told");
  if (here.trust !== trust) return;
  if (isDrawn && here.shown.scans.every((id) => !(revisions[id] > shownRevision(id)))) confirm(here);
  else read(here);
}

/** Whether all succeed who have something to do about it. */
async function isDone(type) {
  const tasks = [];
  tell(type, tasks);
  return (await Promise.allSettled(tasks)).every(({ status }) => status === "fulfilled");
}

function confirm(here) {
  here.trust.isDone = true;
  clearTimeout(here.timers.offline);
  delete here.timers.offline;
  tell("standing", "live");
}

function shownRevision(id) {
  return Number(document.querySelector(`[data-scan="${id}"]`)?.dataset.revision);
}

export function after(here, name, ms, then) {
  clearTimeout(here.timers[name]);
  here.timers[name] = setTimeout(then, ms);
}
