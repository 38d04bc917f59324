// Writes news of a scan into the elements that Jinja rendered for it: a row, or the head of its page.

import { show } from "./clocks.js";
import { took, words } from "./words.js";

/** Returns whether the state is another one now; older news than what is shown changes nothing. */
export function patch(element, scan) {
  if (scan.revision <= Number(element.dataset.revision)) return false;
  const hasMoved = element.dataset.state !== scan.state;
  element.dataset.revision = scan.revision;
  if (hasMoved) patchState(element, scan.state);
  patchAnswer(part(element, "answer"), scan);
  patchAttempts(part(element, "attempts"), scan);
  patchNext(part(element, "next"), scan, element.dataset.created);
  patchError(part(element, "error"), scan.error ?? "");
  return hasMoved;
}

export function isTerminal(state) {
  return !["queued", "running", "waiting"].includes(state);
}

function part(element, name) {
  return element.querySelector(`[data-part="${name}"]`);
}

function patchState(element, state) {
  element.dataset.state = state;
  element.toggleAttribute("data-fresh", state === "succeeded");
  const use = element.querySelector(".state use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${state}`));
  part(element, "word").textContent = words.states[state];
  part(element, "state").title = words.meanings[state];
}

function patchAnswer(chip, { status, error_code: code }) {
  chip.dataset.kind = status === null ? (code ? "bad" : "none") : status >= 400 ? "bad" : code ? "unmet" : "good";
  chip.textContent = status ?? words.errors[code] ?? "";
}

function patchAttempts(pill, { state, attempt, max_attempts: max, interruptions }) {
  pill.textContent = state === "succeeded" && attempt > 1 ? `after ${attempt}` : `${attempt}/${max + interruptions}`;
  pill.title = `Attempt ${attempt} of ${max + interruptions} at most`;
  pill.dataset.retried = attempt > 1;
}

function patchNext(time, scan, created) {
  const [kind, moment] = whatIsNext(scan);
  time.dataset.clock = kind;
  time.title = "";
  if (moment) {
    time.dateTime = moment;
    show(time);
  } else {
    time.removeAttribute("datetime");
    time.textContent = `took ${took((Date.parse(scan.finished_at) - Date.parse(created)) / 1000)}`;
  }
}

function whatIsNext(scan) {
  if (scan.finished_at) return ["took", null];
  if (scan.state === "running") return ["running", scan.attempt_started_at];
  if (!scan.held_since) return ["due", scan.due_at];
  return [scan.held_why === "breaker" ? "broken" : "held", scan.held_until ?? scan.held_since];
}

function patchError(line, error) {
  line.textContent = error;
  line.title = error;
}
