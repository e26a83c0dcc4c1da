// How answers come: server-sent events over HTTP, or a WebSocket. Remembered in this browser.

export type Transport = "sse" | "websocket";
const NAME = "sluice-transport";

export function currentTransport(): Transport {
  try {
    return localStorage.getItem(NAME) === "websocket" ? "websocket" : "sse";
  } catch {
    return "sse"; // a browser that keeps nothing
  }
}

export function setTransport(transport: Transport): void {
  try {
    localStorage.setItem(NAME, transport);
  } catch {
    // then it stays as it is
  }
}
