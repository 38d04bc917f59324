// The chip that says how far the page can be trusted, and the notice while it cannot.

import { listen } from "./news.js";
import { serverNow } from "./server-clock.js";

const TIME = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });

export function connect(chip) {
  const word = chip.querySelector("[data-live-word]");
  const notice = document.querySelector("[data-offline-notice]");
  let trustedAt = serverNow();

  listen("standing", (standing) => {
    const before = document.documentElement.dataset.live;
    if (before === "live") trustedAt = serverNow();
    // Words come and go with each try to connect again; offline it is until news flow.
    if (before === "offline" && standing !== "live") return;
    document.documentElement.dataset.live = standing;
    word.textContent = standing;
    notice.hidden = standing !== "offline";
    notice.querySelector("[data-offline-since]").textContent = TIME.format(trustedAt);
  });
}
