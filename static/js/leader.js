// The tab that leads: holds the one stream of this browser, and tells the tabs what comes and how far to trust it.
//   "who"    a new leader asks what each tab shows
//   "stands" news flow for the versions of what tabs show that `covered` names; `isContinuous`: none was missed, or else
//            `told`: the server's time and the revisions of the scans it told of just now, none where each tab has to read
//   "lost"   news may be missed from now on; the next try comes in `retryMs`
//   "news"   {scans, counts}; with neither it says that leader and stream are alive

import { covers, serves, union, urlOf } from "./coverage.js";
import { openSource } from "./source.js";

const LONGEST_RETRY_MS = 10_000;

export function lead(base, post) {
  const tabs = new Map();
  let standing = null;
  let opening = null;
  let failures = 0;
  let timer = null;

  /** A stream that tabs trust is closed only once its successor stands. */
  const settle = () => {
    if (!tabs.size) return stop();
    const allShown = [...tabs.values()].map(({ shown }) => shown);
    if (standing) announce(true);
    if (!opening && !timer && !(standing && serves(standing.scope, allShown))) opening = open(union(allShown));
  };
  const open = (scope) => {
    const stream = { scope, isLost: false };
    stream.source = openSource(urlOf(base, scope), {
      hear({ turned, ...news }) {
        post({ kind: "news", ...news });
        for (const { name, data } of turned) turns[name]?.(stream, data);
      },
      ended: (retryMs) => ended(stream, retryMs),
    });
    return stream;
  };
  const announce = (isContinuous, told = null) => {
    if (standing.isLost) return;
    const covered = [...tabs].filter(([, { shown }]) => covers(standing.scope, shown)).map(([tab, { version }]) => [tab, version]);
    post({ kind: "stands", covered: Object.fromEntries(covered), isContinuous, told });
  };
  const ended = (stream, askedMs) => {
    const patientMs = Math.min(LONGEST_RETRY_MS, askedMs * 2 ** failures++);
    const retryMs = Math.max(askedMs, patientMs) * (1 + Math.random() / 4);
    if (stream === opening) opening = null;
    if (stream === standing) standing = null;
    if (!standing) post({ kind: "lost", retryMs });
    timer ??= setTimeout(again, retryMs);
  };
  const again = () => {
    clearTimeout(timer);
    timer = null;
    settle();
  };
  const stop = () => {
    clearTimeout(timer);
    for (const stream of [standing, opening]) stream?.source.close();
    standing = opening = timer = null;
  };
  const turns = {
    open(stream, told) {
      const isContinuous = Boolean(standing && !standing.isLost);
      standing?.source.close();
      [standing, opening, failures] = [stream, null, 0];
      announce(isContinuous, told);
      settle();
    },
    lost(stream) {
      stream.isLost = true;
      if (stream === standing) post({ kind: "lost", retryMs: 0 });
    },
    resync(stream, told) {
      stream.isLost = false;
      if (stream === standing) announce(false, told);
    },
  };

  return {
    stop,
    shows(tab, version, shown) {
      if (shown) tabs.set(tab, { version, shown });
      else tabs.delete(tab);
      settle();
    },
    /** Somebody looks, or the network is back: wait no longer; and where the stream was cut trust it no longer. */
    wake(isCut) {
      for (const stream of [standing, opening]) {
        if (!stream || !(isCut || stream.source.isSilent())) continue;
        stream.source.close();
        ended(stream, 0);
      }
      if (timer) again();
    },
  };
}
