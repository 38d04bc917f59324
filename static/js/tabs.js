// All tabs of a browser share one stream: browsers allow six connections to a server over HTTP/1.1, and the seventh tab
// would hang. One tab, the one that holds a lock, leads; when it goes the browser gives the lock to the next.

import { lead } from "./leader.js";

const NAME = "tilldone stream 1";

// Browsers lock for pages from https or this machine alone; elsewhere each tab that is looked at leads itself.
export const isAlone = !(navigator.locks && window.BroadcastChannel);

/** Takes part until left; every tab hears what the leader posts, and the leader what it is told. */
export function join(base, hear) {
  const tab = `${Date.now()} ${Math.random()}`;
  const leaving = new AbortController();
  const channel = isAlone ? null : new BroadcastChannel(NAME);
  let leader = null;

  const receive = (message) => (message.to === "leader" ? leader && take(message) : hear(message));
  const post = (message) => {
    if (leaving.signal.aborted) return;
    channel?.postMessage(message);
    receive(message);
  };
  const take = ({ from, version, shown, wakes }) => {
    if (wakes) return leader.wake(wakes === "cut");
    if (shown && from !== tab && !leader.known.has(from)) watch(from);
    leader.shows(from, version, shown);
  };
  /** The lock of a tab is free when the tab is gone, however it went. */
  const watch = (other) => {
    const watched = leader;
    watched.known.add(other);
    const forget = () => (watched.known.delete(other), watched.shows(other, 0, null));
    navigator.locks.request(lockOf(other), { signal: watched.ending.signal }, forget).catch(() => {});
  };
  const reign = () => {
    leader = { known: new Set(), ending: new AbortController() };
    Object.assign(leader, lead(base, post));
    post({ kind: "who" });
  };
  const abdicate = () => {
    leader?.stop();
    leader?.ending.abort();
    leader = null;
  };
  const stand = (how) => {
    const untilLeft = () => (reign(), until(leaving.signal));
    const over = () => (abdicate(), leaving.signal.aborted || stand({ signal: leaving.signal }));
    navigator.locks.request(NAME, how, untilLeft).then(over, over);
  };

  channel?.addEventListener("message", ({ data }) => receive(data));
  // Only a tab that holds its own lock can be missed when it is gone.
  const standing = new Promise((resolve) => {
    if (isAlone) return resolve(reign());
    navigator.locks.request(lockOf(tab), () => (resolve(stand({ signal: leaving.signal })), until(leaving.signal)));
  });

  return {
    tab,
    show: (version, shown) => standing.then(() => post({ to: "leader", from: tab, version, shown })),
    wake: (isCut) => post({ to: "leader", wakes: isCut ? "cut" : "idle" }),
    /** From a leader that says nothing any more: a debugger or a dialog may hold it, or the browser froze it. */
    seize: () => isAlone || leader || stand({ steal: true }),
    leave() {
      post({ to: "leader", from: tab, version: 0, shown: null });
      leaving.abort();
      abdicate();
      channel?.close();
    },
  };
}

function lockOf(tab) {
  return `tilldone tab ${tab}`;
}

function until(signal) {
  return new Promise((resolve) => signal.addEventListener("abort", resolve));
}
