// This tab's end of the stream: says what the tab shows, reads it again after every break, and hands on the news.

import { collect } from "./frame.js";
import { listen } from "./news.js";
import { isSame, whatIsShown } from "./shown.js";
import { isAlone, join } from "./tabs.js";
import { after, believe, distrust, doubt, read } from "./trust.js";
import { watch } from "./watch.js";

// The reader's own step to other scans; said only when it takes long.
const STEP_MS = 1_000;
// A tab that nobody looks at gives back its part of the stream; where it has one to itself it does so soon.
const HIDDEN_TOO_LONG_MS = isAlone ? 2_000 : 30_000;

export function connect(body) {
  const here = { body, tabs: null, version: 0, shown: null, trust: null, timers: {} };
  const enter = () => {
    here.tabs = join(body.dataset.stream, (message) => here.tabs && (watching.heard(), HEAR[message.kind](here, message)));
    show(here, whatIsShown(body));
    here.tabs.wake(false);
  };
  const watching = watch(here, {
    leave: () => (distrust(here), here.tabs.leave(), (here.shown = here.tabs = null)),
    enter,
    hidden: () => after(here, "hidden", HIDDEN_TOO_LONG_MS, () => show(here, null)),
    seen() {
      clearTimeout(here.timers.hidden);
      if (here.shown) return here.tabs.wake(false);
      distrust(here);
      show(here, whatIsShown(body));
    },
  });
  listen("refreshed", () => here.shown && !isSame(here.shown, whatIsShown(body)) && show(here, whatIsShown(body)));
  enter();
}

const HEAR = {
  who(here) {
    if (!here.shown) return;
    distrust(here);
    here.tabs.show(here.version, here.shown);
  },
  stands(here, { covered, isContinuous, told }) {
    if (covered[here.tabs.tab] !== here.version || !here.shown) return;
    clearTimeout(here.timers.wake);
    if (here.trust && isContinuous) return;
    // Nothing is drawn while nobody looks.
    if (told?.revisions && !document.hidden) believe(here, told);
    else read(here);
  },
  lost(here, { retryMs }) {
    distrust(here, retryMs);
    // The leader may be a hidden tab, whose timers browsers slow down.
    if (!document.hidden) after(here, "wake", retryMs, () => here.tabs?.wake(false));
  },
  news({ names }, { scans, counts }) {
    collect({ scans: scans.filter(({ id }) => names.has(id)), counts });
  },
};

/** Null: nothing, while nobody looks. */
function show(here, shown) {
  here.trust = null;
  here.shown = shown;
  here.names = new Set(shown?.scans);
  here.tabs.show(++here.version, shown);
  if (shown) after(here, "step", STEP_MS, () => here.trust?.isDone || doubt(here));
}
