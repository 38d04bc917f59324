// What the options would do, in plain words and numbers while they are typed; both are the server's.

import { fetchFragment, morph } from "./fragment.js";

const TYPING_PAUSE_MS = 200;
const SHOWN = ["[data-plan]", "[data-plan-steps]"];

export function connect(options) {
  const form = options.closest("form");
  const names = form.dataset.planFields.split(" ");
  let timer = null;
  let latest = 0;

  const preview = async () => {
    const turn = ++latest;
    const query = new URLSearchParams(names.map((name) => [name, form.elements[name].value]));
    const fresh = await fetchFragment(`${form.dataset.planUrl}?${query}`).catch(() => null);
    if (!fresh || turn !== latest) return;
    for (const name of names) {
      const isWrong = Boolean(fresh.querySelector(`[data-error-of="${name}"]`));
      form.elements[name].setAttribute("aria-invalid", isWrong);
      form.querySelector(`[data-field="${name}"] .field-error`)?.remove();
    }
    for (const part of SHOWN) morph(form.querySelector(part), fresh.querySelector(part));
  };
  options.addEventListener("input", (event) => {
    if (!names.includes(event.target.name)) return;
    clearTimeout(timer);
    timer = setTimeout(preview, TYPING_PAUSE_MS);
  });
}
