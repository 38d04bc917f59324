// Tells screen readers what ended, in one polite region and never faster than one can listen.

const PAUSE_MS = 2_500;

const region = document.querySelector("[data-announcer]");
let waiting = [];
let timer = null;

export function announce(text) {
  waiting.push(text);
  timer ??= setTimeout(speak, 100);
}

export function announceEnds(element, scan) {
  const host = element.querySelector(".url-host, .scan-url b")?.textContent ?? "";
  announce(`${host}: ${element.querySelector('[data-part="word"]').textContent} after ${scan.attempt} ${scan.attempt === 1 ? "attempt" : "attempts"}.`);
}

function speak() {
  const [first, ...others] = waiting;
  region.textContent = others.length ? `${first} And ${others.length} more.` : first;
  waiting = [];
  timer = setTimeout(() => {
    timer = null;
    if (waiting.length) speak();
  }, PAUSE_MS);
}
