// The server's clock: all times come from there, and a visitor's own clock may be wrong.

let offsetMs = 0;

export function setServerTime(iso) {
  offsetMs = Date.parse(iso) - Date.now();
}

export function serverNow() {
  return Date.now() + offsetMs;
}
