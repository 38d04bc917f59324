// Every <time data-clock> goes on: ages, countdowns, how long an attempt has been running.

import { listen } from "./news.js";
import { serverNow } from "./server-clock.js";
import { age, ago, span } from "./words.js";

const TICK_MS = 1_000;
const HOUR = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const FORMAT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

const IN_WORDS = {
  age: (seconds) => age(seconds),
  ago: (seconds) => ago(seconds),
  in: (seconds) => (seconds < 0 ? `in ${span(Math.ceil(-seconds))}` : "now"),
  running: (seconds) => `running ${span(seconds)}`,
  held: (seconds, element) => pauseWords("host paused for", "host paused until", seconds, element),
  broken: (seconds, element) => pauseWords("host down, next in", "host down, next", seconds, element),
  due: (seconds, element) => (seconds < 0 ? `in ${span(Math.ceil(-seconds))}` : dueWords(element)),
};

export function connect(body) {
  let isAsked = false;
  listen("refreshed", () => {
    if (!isAsked) requestAnimationFrame(() => ((isAsked = false), showAll(body)));
    isAsked = true;
  });
  const tick = () => {
    if (!document.hidden && document.documentElement.dataset.live !== "offline") showAll(body);
    setTimeout(tick, TICK_MS - (serverNow() % TICK_MS));
  };
  tick();
}

export function show(element) {
  const moment = Date.parse(element.dateTime);
  if (!moment) return;
  const words = IN_WORDS[element.dataset.clock]?.((serverNow() - moment) / 1000, element);
  if (words && element.textContent !== words) element.textContent = words;
  if (!element.title || element.title.endsWith(" UTC")) element.title = FORMAT.format(moment);
}

function showAll(body) {
  for (const element of body.querySelectorAll("[data-clock]")) show(element);
}

function dueWords(element) {
  return element.closest("[data-state]")?.dataset.state === "queued" ? "in line" : "due now";
}

function pauseWords(soon, later, seconds, element) {
  if (seconds >= 0) return "waits for its host";
  return seconds > -60 ? `${soon} ${span(Math.ceil(-seconds))}` : `${later} ${HOUR.format(Date.parse(element.dateTime))}`;
}
