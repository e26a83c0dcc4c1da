// Requests an answer from the proxy, delivers its text as it streams, and reconnects when the connection is lost.
// Both example pages use it.

const ATTEMPTS = 6;

/** @returns a function that stops the answer; onComplete is then called with the partial answer on the page */
export function streamChat(message, { onChunk, onComplete, onError }) {
  const leave = new AbortController();
  const { signal } = leave;
  let address = null; // where to reconnect to the answer
  let lastId = "";

  async function connect() {
    if (address) return fetch(address, { headers: { "last-event-id": lastId }, signal });
    const headers = { "content-type": "application/json", "x-resumable": "true" };
    const response = await fetch("/chat/stream", {
      method: "POST",
      headers,
      body: JSON.stringify({ message }),
      signal,
    });
    address = response.headers.get("location");
    return response;
  }

  /** @returns whether the answer has ended; false when the connection was lost */
  async function read(response) {
    if (response.status === 204) return true;
    if (!response.ok) throw new Error((await response.json()).error);
    for await (const { id, data } of eventsOf(response.body)) {
      lastId = id || lastId;
      if (data.error) throw new Error(data.error);
      if (data.done) return true;
      onChunk(data.content);
    }
    return false;
  }

  async function run() {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      try {
        if (await read(await connect())) return onComplete();
      } catch (error) {
        if (signal.aborted) return onComplete();
        if (!(error instanceof TypeError)) return onError(error); // a TypeError is a network error
      }
      if (!address) break;
      await new Promise((resolve) => setTimeout(resolve, 250 * attempt));
    }
    onError(new Error("the connection was lost"));
  }

  void run();
  return () => {
    leave.abort();
    if (address) fetch(address, { method: "DELETE" }).catch(() => {}); // otherwise it continues without a reader
  };
}

async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const frames = (rest + read.value).split("\n\n");
    rest = frames.pop(); // an incomplete frame
    for (const frame of frames) {
      const field = (name) => frame.match(new RegExp(`^${name}: (.*)$`, "m"))?.[1];
      if (field("data")) yield { id: field("id"), data: JSON.parse(field("data")) };
    }
  }
}
