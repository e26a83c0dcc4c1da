// Asks the proxy and hands the answer out as it comes; when the connection is lost it comes back. Both pages use it.

const ATTEMPTS = 6;

/** @returns a function that stops the answer: then onComplete is called with what there is */
export function streamChat(message, { onChunk, onComplete, onError }) {
  const leave = new AbortController();
  const { signal } = leave;
  let address = null; // where the answer can be come back to
  let lastId = "";

  async function connect() {
    if (address) return fetch(address, { headers: { "last-event-id": lastId }, signal });
    const headers = { "content-type": "application/json", "x-resumable": "true" };
    const response = await fetch("/chat/stream", {
      ...{ method: "POST", headers, body: JSON.stringify({ message }), signal },
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
        if (!(error instanceof TypeError)) return onError(error); // a TypeError is the network's
      }
      if (!address) break;
      await new Promise((resolve) => setTimeout(resolve, 250 * attempt));
    }
    onError(new Error("the connection is lost"));
  }

  void run();
  return () => {
    leave.abort();
    if (address) fetch(address, { method: "DELETE" }).catch(() => {}); // it would go on without a reader
  };
}

async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    const frames = (rest + part.value).split("\n\n");
    rest = frames.pop(); // not whole yet
    for (const frame of frames) {
      const field = (name) => frame.match(new RegExp(`^${name}: (.*)$`, "m"))?.[1];
      if (field("data")) yield { id: field("id"), data: JSON.parse(field("data")) };
    }
  }
}
