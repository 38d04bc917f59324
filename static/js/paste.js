// A pasted curl command fills the form: the server takes it apart, and nothing of it goes into an address.

import { morph, parseFragment } from "./fragment.js";
import { notify } from "./notices.js";
import { send } from "./send.js";

const COMMAND = /^\s*(?:[$>%]\s+)?(?:curl(?:\.exe)?\s|\$session\b|Invoke-WebRequest\b|fetch\()/;

export function connect(form) {
  const box = form.querySelector("[data-urls]");

  const fillIn = async (text) => {
    box.value = text;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    const response = await send(form.dataset.pasteUrl, { body: new FormData(form) }).catch(() => null);
    if (box.value !== text) return;
    if (!response?.ok) return notify("The command could not be read just now: press Scan to try again.");
    // What has the focus would be left as it is.
    document.activeElement.blur();
    morph(form, parseFragment(await response.text()).querySelector("form"));
    box.dispatchEvent(new Event("input", { bubbles: true }));
    (box.getAttribute("aria-invalid") ? box : form.querySelector("[data-scan-button]")).focus();
  };
  box.addEventListener("paste", (event) => {
    const text = event.clipboardData.getData("text");
    if (!COMMAND.test(text)) return;
    // It takes the place of whatever was in the box.
    event.preventDefault();
    fillIn(text);
  });
}
