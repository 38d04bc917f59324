// News of this page: stream.js tells it, whoever shows something listens.
//   "scans"    detail: the newest news of each scan that changed, at most once a frame
//   "counts"   detail: {batch_id, counts, pause_ms}; so long they shall wait who would read what the stream does not tell
//   "refresh"  news may have been missed: read again what you show; push what is to be waited for to detail
//   "told"     how all stands was told just now: draw what still waits; push what is to be waited for to detail
//   "refreshed" something was made equal to what the server says
//   "list replaced" the list shows other scans; "list outdated": it should
//   "standing" detail: "connecting", "live", "catching up" or "offline"

export const news = new EventTarget();

export function tell(type, detail) {
  news.dispatchEvent(new CustomEvent(type, { detail }));
}

export function listen(type, hear) {
  news.addEventListener(type, (event) => hear(event.detail));
}
