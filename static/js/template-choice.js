// The choice of templates is read when the options are opened for the first time.

import { fetchFragment } from "./fragment.js";

export function connect(options) {
  options.addEventListener("toggle", async () => {
    const choice = options.querySelector("[data-template-choice]");
    if (!choice || !options.open) return;
    const fresh = await fetchFragment(choice.dataset.templateChoice).catch(() => null);
    if (fresh) choice.replaceWith(fresh.firstElementChild);
  });
}
