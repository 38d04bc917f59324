// A scan's page: its state changes at once, the rest is read again when an attempt began or ended.

import { announceEnds } from "./announcer.js";
import { fetchFragment, morph } from "./fragment.js";
import { listen } from "./news.js";
import { isTerminal, patch } from "./scan.js";
import { words } from "./words.js";

const PAUSE_MS = 120;

export function connect(page) {
  let timer = null;
  const read = async () => {
    clearTimeout(timer);
    timer = null;
    const fresh = await fetchFragment(page.dataset.partialUrl);
    morph(page.firstElementChild, fresh.firstElementChild);
    showTitle();
  };
  const head = () => page.querySelector("[data-scan]");
  const showTitle = () => (document.title = document.title.replace(/^[^:]+/, words.states[head().dataset.state]));

  const show = (scan) => {
    const before = head().dataset.revision;
    if (patch(head(), scan)) {
      showTitle();
      if (isTerminal(scan.state)) announceEnds(head(), scan);
    }
    // An attempt may have come and gone, and the state be what it was.
    if (head().dataset.revision !== before) timer ??= setTimeout(() => read().catch(() => {}), PAUSE_MS);
  };

  listen("refresh", (reading) => reading.push(read()));
  listen("told", (drawing) => timer && drawing.push(read()));
  listen("scans", (scans) => scans.filter(({ id }) => id === head().dataset.scan).forEach(show));
}
