// One connection for news, from its request to its end.

import { leaveIfSignedOut } from "./send.js";
import { readEvents } from "./sse.js";

const FIRST_BYTES_MS = 10_000;
// The server's heartbeat comes every 15 s.
const SILENCE_MS = 40_000;
const SILENCE_AFTER_SLEEP_MS = 20_000;
const RETRY_MS = 1_000;
const REFUSED_RETRY_MS = 5_000;

/** Calls hear with what each chunk brings, and at the end ended, once, with the pause that the server asks for. */
export function openSource(url, { hear, ended }) {
  const ending = new AbortController();
  let heardAt = Date.now();
  let retryMs = RETRY_MS;
  let timer = setTimeout(() => ending.abort(), FIRST_BYTES_MS);
  let isClosed = false;

  const listen = async () => {
    const response = await fetch(url, { headers: { Accept: "text/event-stream" }, cache: "no-store", signal: ending.signal });
    leaveIfSignedOut(response);
    if (!response.ok) {
      const seconds = Number(response.headers.get("Retry-After"));
      retryMs = (seconds ? seconds * 1000 : REFUSED_RETRY_MS) * (1 + Math.random());
      return response.body?.cancel();
    }
    await readEvents(response.body, (events) => {
      heardAt = Date.now();
      clearTimeout(timer);
      timer = setTimeout(() => ending.abort(), SILENCE_MS);
      for (const event of events) retryMs = event.retryMs ?? retryMs;
      if (!isClosed) hear(sorted(events));
    });
  };
  const end = () => {
    clearTimeout(timer);
    if (!isClosed) ended(retryMs);
    isClosed = true;
  };
  listen().then(end, end);

  return {
    close() {
      isClosed = true;
      ending.abort();
    },
    /** By the wall clock: what a sleeping computer did not hear, it must suspect. */
    isSilent: () => Date.now() - heardAt > SILENCE_AFTER_SLEEP_MS,
  };
}

/** News, and the turns that the stream itself has taken. */
function sorted(events) {
  const dataOf = (name) => events.filter((event) => event.name === name).map(({ data }) => data);
  return { scans: dataOf("scan"), counts: dataOf("counts"), turned: events };
}
