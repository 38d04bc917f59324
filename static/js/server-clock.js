// The server's clock: all times come from there, and a visitor's own clock may be wrong, or be set while the page is shown.

const page = document.querySelector("[data-now]");
let start = Date.now() - performance.now();

export function setServerTime(iso, at = performance.now()) {
  const time = Date.parse(iso);
  if (time) start = time - at;
}

export function serverNow() {
  return start + performance.now();
}

const [loading] = performance.getEntriesByType("navigation");
// A page from the history tells the time at which it was first read.
if (page && loading?.type !== "back_forward") setServerTime(page.dataset.now, loading?.responseStart ?? 0);
