// Parts of a page that no news tell of: read again every few seconds while somebody looks.

import { fetchFragment, morph } from "./fragment.js";
import { listen } from "./news.js";

export function connect(element) {
  const failed = document.querySelector("[data-refresh-failed]");
  let timer = null;
  // Longer beside many who look as well, for as long as they do.
  const ownMs = Number(element.dataset.refreshMs);
  let pauseMs = ownMs;
  listen("counts", (news) => (pauseMs = Math.max(ownMs, news.pause_ms)));

  const read = async () => {
    try {
      const fresh = (await fetchFragment(element.dataset.refreshUrl)).firstElementChild;
      morph(element.firstElementChild, fresh);
      if (failed) failed.hidden = true;
    } catch {
      // The server is away or refuses; where there is a stream, its chip says so.
      if (failed) failed.hidden = false;
    }
    plan();
  };
  const plan = () => {
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(read, pauseMs);
  };

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) read();
  });
  plan();
}
