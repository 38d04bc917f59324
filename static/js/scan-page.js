// A scan's page: its state changes at once, the rest is read again when an attempt began or ended.

import { announceEnds } from "./announcer.js";
import { fetchFragment, morph } from "./fragment.js";
import { listen } from "./news.js";
import { isTerminal, patch } from "./scan.js";
import { words } from "./words.js";

const PAUSE_MS = 120;
const READ_AGAIN_MS = 2_000;

export function connect(page) {
  const head = () => page.querySelector("[data-scan]");
  const revision = () => Number(head().dataset.revision);
  const showTitle = () => (document.title = document.title.replace(/^[^:]+/, words.states[head().dataset.state]));
  // Of what only a reading brings: the attempts, the answer.
  let readRevision = revision();
  let timer = null;

  const read = async () => {
    clearTimeout(timer);
    timer = null;
    const fresh = await fetchFragment(page.dataset.partialUrl);
    const freshRevision = Number(fresh.querySelector("[data-scan]").dataset.revision);
    // A later reading was faster.
    if (freshRevision < readRevision) return;
    readRevision = freshRevision;
    morph(page.firstElementChild, fresh.firstElementChild);
    showTitle();
  };
  const readSoon = (pauseMs) => (timer ??= setTimeout(() => read().catch(() => readSoon(READ_AGAIN_MS)), pauseMs));

  const show = (scan) => {
    if (patch(head(), scan)) {
      showTitle();
      if (isTerminal(scan.state)) announceEnds(head(), scan);
    }
    // An attempt may have come and gone, and the state be what it was.
    if (revision() > readRevision) readSoon(PAUSE_MS);
  };

  listen("refresh", (reading) => reading.push(read()));
  listen("told", (drawing) => revision() > readRevision && drawing.push(read()));
  listen("scans", (scans) => scans.filter(({ id }) => id === head().dataset.scan).forEach(show));
}
