// Keys that work on every page; those of the rows are in row-keys.js.

export function connect(body) {
  body.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.key === "Escape") return leaveField(event.target);
    if (isTyping(event.target) || body.querySelector("dialog[open]")) return;
    const target = find(body, event.key);
    if (!target) return;
    event.preventDefault();
    if (target.matches("input, textarea")) {
      target.focus();
      target.select();
    } else if (!target.disabled) target.click();
  });
}

export function isTyping(element) {
  return element.matches("input, textarea, select");
}

function find(body, key) {
  switch (key) {
    case "/":
      return body.querySelector("[data-search] input[type=search]");
    case "n":
      return body.querySelector("[data-urls]") ?? body.querySelector(".brand");
    case "?":
      return body.querySelector("[data-help-open]");
    case "r":
    case "c":
    case "e":
      return body.querySelector(`[data-key="${key}"]`);
  }
}

function leaveField(element) {
  if (isTyping(element)) element.blur();
}
