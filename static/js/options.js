// What the options would do, in plain words while they are typed; the words are the server's.

import { fetchFragment, morph } from "./fragment.js";

const TYPING_PAUSE_MS = 200;
const POLICY = ["max_attempts", "initial_interval", "backoff", "max_interval", "attempt_timeout", "deadline"];

export function connect(options) {
  const form = options.closest("form");
  let timer = null;
  let latest = 0;

  const preview = async () => {
    const turn = ++latest;
    const query = new URLSearchParams(POLICY.map((name) => [name, form.elements[name].value]));
    const fresh = await fetchFragment(`${form.dataset.planUrl}?${query}`).catch(() => null);
    if (!fresh || turn !== latest) return;
    const plan = fresh.querySelector("[data-plan]");
    for (const name of POLICY) {
      const isWrong = Boolean(plan.querySelector(`[data-error-of="${name}"]`));
      form.elements[name].setAttribute("aria-invalid", isWrong);
      form.querySelector(`[data-field="${name}"] .field-error`)?.remove();
    }
    morph(form.querySelector("[data-plan]"), plan);
  };
  options.addEventListener("input", (event) => {
    if (!POLICY.includes(event.target.name)) return;
    clearTimeout(timer);
    timer = setTimeout(preview, TYPING_PAUSE_MS);
  });
}
