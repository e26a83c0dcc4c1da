// The transport for answers, server-sent events or a WebSocket, remembered in this browser.

import { readStored, writeStored } from "./stored-value.ts";

export type Transport = "sse" | "websocket";
const NAME = "sluice-transport";

export function currentTransport(): Transport {
  return readStored(() => localStorage, NAME) === "websocket" ? "websocket" : "sse";
}

export function setTransport(transport: Transport): void {
  writeStored(() => localStorage, NAME, transport);
}
