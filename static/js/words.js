// The words that Jinja put into the page, and times in words as webapp/routes/words.py writes them.

const UNITS = [["d", 86_400], ["h", 3_600], ["m", 60], ["s", 1]];

export const words = JSON.parse(document.querySelector("[data-words]").textContent);

/** "1 h 5 m": the two largest units. */
export function span(seconds) {
  let rest = Math.max(0, Math.floor(seconds));
  const parts = [];
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest %= size;
    if (count) parts.push(`${count} ${unit}`);
  }
  return parts.slice(0, 2).join(" ") || "0 s";
}

/** "42 ms", "3.2 s", "2 m 10 s": how long something took. */
export function took(seconds) {
  const milliseconds = Math.max(0, Math.round(seconds * 1000));
  if (milliseconds < 1000) return `${milliseconds} ms`;
  return milliseconds < 10_000 ? `${(Math.floor(milliseconds / 100) / 10).toFixed(1)} s` : span(seconds);
}

/** "3 m": the largest unit alone. */
export function age(seconds) {
  for (const [unit, size] of UNITS) {
    if (seconds >= Math.max(size, 2)) return `${Math.floor(seconds / size)} ${unit}`;
  }
  return "now";
}

export function ago(seconds) {
  return seconds >= 2 ? `${age(seconds)} ago` : "just now";
}

export function number(count) {
  return count.toLocaleString("en");
}
