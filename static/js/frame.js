// News is shown once an animation frame, however often it comes: of each scan, and of each list's counts, the newest.

import { tell } from "./news.js";

const scans = new Map();
const counts = new Map();
const told = new Map();
let isAsked = false;

export function collect(news) {
  for (const scan of news.scans) {
    if (!(scans.get(scan.id)?.revision >= scan.revision)) scans.set(scan.id, scan);
  }
  for (const each of news.counts) counts.set(each.batch_id, each);
  if (isAsked || !(scans.size || counts.size)) return;
  isAsked = true;
  requestAnimationFrame(flush);
}

/** What was read may be older than the counts that came while it was: they are told again. */
export function retellCounts(since) {
  for (const { each, at } of told.values()) if (at > since) tell("counts", each);
}

function flush() {
  isAsked = false;
  if (scans.size) tell("scans", [...scans.values()]);
  for (const each of counts.values()) {
    told.set(each.batch_id, { each, at: performance.now() });
    tell("counts", each);
  }
  scans.clear();
  counts.clear();
}
