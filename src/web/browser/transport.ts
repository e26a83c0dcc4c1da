// The transport for answers, server-sent events or a WebSocket, remembered in this browser.

export type Transport = "sse" | "websocket";
const NAME = "sluice-transport";

export function currentTransport(): Transport {
  try {
    return localStorage.getItem(NAME) === "websocket" ? "websocket" : "sse";
  } catch {
    return "sse"; // the browser blocks storage
  }
}

export function setTransport(transport: Transport): void {
  try {
    localStorage.setItem(NAME, transport);
  } catch {
    // the transport then stays unchanged
  }
}
