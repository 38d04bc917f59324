// Reads server-sent events from an answer's body. Unlike EventSource it sees every byte, so that a quiet stream can be
// told from a dead one, and it hands over the events of a chunk together: one task a tick, however many there are.

export async function readEvents(body, hear) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    hear(blocks.map(parse));
  }
}

/** A comment alone is an event without a name. */
function parse(block) {
  const event = { name: "", data: null, retryMs: null };
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const value = line.slice(colon + 1).trimStart();
    if (line.startsWith("event:")) event.name = value;
    else if (line.startsWith("data:")) event.data = JSON.parse(value);
    else if (line.startsWith("retry:")) event.retryMs = Number(value);
  }
  return event;
}
