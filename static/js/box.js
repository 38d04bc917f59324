// The box: Enter scans what is one line, and the button says how many there are.

import { number } from "./words.js";

export function connect(form) {
  const box = form.querySelector("[data-urls]");
  const button = form.querySelector("[data-scan-button]");

  const showCount = () => {
    const count = countLines(box.value);
    button.textContent = count > 1 ? `Scan ${number(count)} URLs` : "Scan";
  };
  box.addEventListener("input", showCount);
  if (form.dataset.sample) leaveSampleBehind(form, box);
  form.addEventListener("keydown", (event) => {
    const isAlone = event.target === box && !event.shiftKey && !event.isComposing && countLines(box.value) === 1 && !box.value.trim().includes("\n");
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey || isAlone)) return;
    event.preventDefault();
    form.requestSubmit(button);
  });
  form.addEventListener("submit", () => {
    // Only after the browser has taken the form's values: a disabled button is no part of them.
    setTimeout(() => form.querySelectorAll("button").forEach((each) => (each.disabled = true)));
  });
  // Back to this page from the history: it must work again.
  addEventListener("pageshow", () => {
    form.querySelectorAll("button").forEach((each) => (each.disabled = false));
    showCount();
  });
  form.addEventListener("click", (event) => {
    const line = event.target.closest("[data-line]")?.dataset.line;
    if (line) selectLine(box, Number(line));
  });
}

// The sample is asked more often than anybody's own targets should be by default.
function leaveSampleBehind(form, box) {
  const interval = form.elements.initial_interval;
  const look = () => {
    if (box.value.includes(form.dataset.sample)) return;
    box.removeEventListener("input", look);
    if (interval.value !== interval.defaultValue) return;
    interval.value = "";
    interval.dispatchEvent(new Event("input", { bubbles: true }));
  };
  box.addEventListener("input", look);
}

function countLines(text) {
  return text.split("\n").filter((line) => line.trim()).length;
}

function selectLine(box, number) {
  const lines = box.value.split("\n");
  const start = lines.slice(0, number - 1).join("\n").length + (number > 1 ? 1 : 0);
  box.focus();
  box.setSelectionRange(start, start + lines[number - 1].length);
}
