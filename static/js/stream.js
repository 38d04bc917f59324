// The live stream: opens it, opens it again, and says how far the page can be trusted.

import { tell } from "./news.js";
import { setServerTime } from "./server-clock.js";

const OFFLINE_AFTER_MS = 4_000;
const REOPEN_MS = 5_000;
const REFRESH_AGAIN_MS = 2_000;
// A hidden tab gives its connection back: browsers allow six to one server, and a server holds some dozens.
const HIDDEN_TOO_LONG_MS = 30_000;

const pending = new Map();
let source = null;
let timers = {};

export function connect(body) {
  const reopen = () => open(body.dataset.stream);
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timers.hidden);
    if (document.hidden) timers.hidden = setTimeout(close, HIDDEN_TOO_LONG_MS);
    else if (!source) reopen();
  });
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => event.persisted && reopen());
  addEventListener("offline", () => tell("standing", "offline"));
  addEventListener("online", reopen);
  reopen();
}

function open(url) {
  close();
  tell("standing", "connecting");
  source = new EventSource(url);
  on("open", ({ server_time: time }) => (setServerTime(time), refresh()));
  on("resync", refresh);
  on("lost", catchUp);
  on("counts", (counts) => tell("counts", counts));
  on("scan", collect);
  source.onerror = () => {
    catchUp();
    // The browser tries again by itself, unless the server refused.
    if (source?.readyState === EventSource.CLOSED) timers.reopen = setTimeout(open, REOPEN_MS * (1 + Math.random()), url);
  };
}

function close() {
  Object.values(timers).forEach(clearTimeout);
  timers = {};
  source?.close();
  source = null;
}

function on(type, hear) {
  // The browser's own "open" carries no data: it says that a server answers, not that news flow.
  source.addEventListener(type, (event) => event.data && hear(JSON.parse(event.data)));
}

function catchUp() {
  tell("standing", "catching up");
  timers.offline ??= setTimeout(tell, OFFLINE_AFTER_MS, "standing", "offline");
}

/** Live is what was read after news began to flow. */
async function refresh() {
  const reading = [];
  const current = source;
  tell("refresh", reading);
  const isRead = (await Promise.allSettled(reading)).every(({ status }) => status === "fulfilled");
  if (current !== source) return;
  clearTimeout(timers.offline);
  delete timers.offline;
  if (isRead) tell("standing", "live");
  else timers.refresh = setTimeout(refresh, REFRESH_AGAIN_MS);
}

function collect(scan) {
  if (pending.size === 0) requestAnimationFrame(flush);
  if (!(pending.get(scan.id)?.revision >= scan.revision)) pending.set(scan.id, scan);
}

function flush() {
  tell("scans", [...pending.values()]);
  pending.clear();
}
