// Try it: shows what the rule makes of an answer, and writes a chosen value into the rule.

import { announce } from "./announcer.js";
import { morph } from "./fragment.js";
import { notify } from "./notices.js";
import { send } from "./send.js";

// What is chosen takes the place of what stood there.
const SINGLE = ["expect_status", "expect_body_regex"];

export function connect(form) {
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-try], [data-pick]");
    if (!button) return;
    event.preventDefault();
    if (button.matches("[data-try]")) tryIt(form, button);
    else pick(form, button.value);
  });
}

async function tryIt(form, button) {
  const panel = form.querySelector("[data-trial]");
  button.disabled = true;
  panel.setAttribute("aria-busy", "true");
  try {
    const given = new FormData(form);
    if (button.name) given.set(button.name, button.value);
    const response = await send(form.dataset.tryUrl, { body: given });
    const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("[data-trial]");
    if (!fresh) throw new Error(`answered ${response.status}`);
    morph(panel, fresh);
    const words = panel.querySelector("[data-trial-words], .field-error");
    if (words) announce(words.textContent);
  } catch {
    notify("The server could not be reached: nothing was tried.");
  } finally {
    button.disabled = false;
    panel.removeAttribute("aria-busy");
  }
}

function pick(form, choice) {
  const [, name, line] = choice.match(/^(\w+)=(.*)$/s);
  const field = form.elements[name];
  const lines = SINGLE.includes(name) ? [] : field.value.split("\n").filter((each) => each.trim());
  if (!lines.includes(line)) lines.push(line);
  field.value = lines.join("\n");
  field.closest("details")?.setAttribute("open", "");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.animate?.({ outlineColor: ["var(--color-focus)", "transparent"], outlineWidth: ["2px", "2px"], outlineStyle: ["solid", "solid"] }, 900);
  announce(`Expected now: ${line}`);
}
