// A client of /v1/ws for tests: sends messages, and records all received messages in order.

import { once } from "node:events";
import WebSocket from "ws";

export type Heard = {
  readonly type: string;
  readonly id?: string;
  readonly [field: string]: unknown;
};

export type SocketClient = {
  readonly socket: WebSocket;
  readonly heard: Heard[];
  readonly say: (message: object) => void;
  /** Resolves with the first matching message, which may have arrived before the call. */
  readonly hears: (fits: (message: Heard) => boolean) => Promise<Heard>;
  /** All messages of one request up to its end. */
  readonly answer: (id: string) => Promise<readonly Heard[]>;
};

export async function openSocket(
  url: string,
  headers: Record<string, string> = {},
): Promise<SocketClient> {
  const socket = new WebSocket(`${url.replace(/^http/, "ws")}/v1/ws`, { headers });
  const heard: Heard[] = [];
  const waiting: (() => void)[] = [];
  socket.on("message", (data) => {
    heard.push(JSON.parse(String(data)) as Heard);
    for (const wake of waiting.splice(0)) wake();
  });
  socket.on("close", () => {
    for (const wake of waiting.splice(0)) wake();
  });
  await once(socket, "open");
  const hears = async (fits: (message: Heard) => boolean) => {
    for (;;) {
      const found = heard.find(fits);
      if (found) return found;
      if (socket.readyState !== socket.OPEN) throw new Error("the socket is closed");
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  return {
    ...{ socket, heard, hears },
    say: (message) => socket.send(JSON.stringify(message)),
    answer: async (id) => {
      await hears((message) => message.type === "end" && message.id === id);
      return heard.filter((message) => message.id === id);
    },
  };
}

/** The text of all deltas of chat completions. */
export function textOf(messages: readonly Heard[]): string {
  return messages
    .map(({ data }) => {
      const chunk = data as { choices?: { delta?: { content?: string } }[] } | string | undefined;
      return typeof chunk === "object" ? (chunk.choices?.[0]?.delta?.content ?? "") : "";
    })
    .join("");
}
