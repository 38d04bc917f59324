// Notices what happens to a tab itself: hidden and seen, put away and taken out again, its computer asleep or off the net.

import { tell } from "./news.js";

const LOOK_MS = 2_000;
const ASLEEP_MS = 10_000;
// The leader has something to say every 15 s at least.
const LEADERLESS_MS = 50_000;

export function watch(here, { leave, enter, hidden, seen }) {
  let heardAt = Date.now();
  let lookedAt = Date.now();
  const goOff = () => {
    tell("standing", "offline");
    here.tabs?.wake(true);
  };

  document.addEventListener("visibilitychange", () => here.tabs && (document.hidden ? hidden() : seen()));
  document.addEventListener("freeze", () => here.tabs && leave());
  document.addEventListener("resume", () => here.tabs || enter());
  addEventListener("pagehide", () => here.tabs && leave());
  addEventListener("pageshow", () => here.tabs || enter());
  addEventListener("offline", goOff);
  addEventListener("online", () => here.tabs?.wake(true));
  setInterval(() => {
    const now = Date.now();
    const slept = now - lookedAt > ASLEEP_MS;
    lookedAt = now;
    if (document.hidden || !here.tabs) return;
    if (slept) here.tabs.wake(false);
    else if (here.shown && now - heardAt > LEADERLESS_MS) here.tabs.seize(), (heardAt = now);
  }, LOOK_MS);

  return { heard: () => (heardAt = Date.now()) };
}
