// A client that sends one request and disconnects, in every possible way.

import { once } from "node:events";
import { connect } from "node:net";
import { rawPost, WAYS_TO_LEAVE } from "./raw-client.ts";
import { openSocket } from "./socket-client.ts";

export type LeavingClient = {
  /** Resolves when the received bytes contain the text. */
  readonly sees: (text: string) => Promise<void>;
  readonly leave: () => void;
};

type Ask = {
  readonly url: string;
  readonly body: object;
};

type Way = (ask: Ask) => Promise<LeavingClient>;

const bare =
  (name: string): Way =>
  async ({ url, body }) => {
    const { socket, sees } = await rawPost(url, body);
    return { sees, leave: () => WAYS_TO_LEAVE[name]?.(socket) };
  };

export const LEAVING: Readonly<Record<string, Way>> = {
  FIN: bare("FIN"),
  RST: bare("RST"),
  "half-close": bare("half-close"),
  "FIN on a connection that was used before": async (ask) => {
    const { hostname, port } = new URL(ask.url);
    const socket = connect({ host: hostname, port: Number(port) });
    await once(socket, "connect");
    socket.write("GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n");
    await once(socket, "data");
    const { sees } = await rawPost(ask.url, ask.body, { socket });
    return { sees, leave: () => void socket.destroy() };
  },
  "the end of a WebSocket": async ({ url, body }) => {
    const { origin, pathname: path } = new URL(url);
    const { socket, say, hears } = await openSocket(origin);
    say({ type: "request", id: "1", path, body });
    return {
      sees: async (text) => void (await hears((message) => JSON.stringify(message).includes(text))),
      leave: () => socket.terminate(),
    };
  },
  "abort of a fetch": async ({ url, body }) => {
    const controller = new AbortController();
    let text = "";
    const waiting: (() => void)[] = [];
    let response: Response | undefined; // a reference until the disconnect, because an unreachable response is cancelled
    const read = async () => {
      response = await fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        signal: controller.signal,
      });
      for await (const bytes of response.body ?? []) {
        text += Buffer.from(bytes).toString();
        for (const wake of waiting.splice(0)) wake();
      }
    };
    read().catch(() => {}); // it is cut off by the disconnect
    return {
      sees: async (wanted) => {
        while (!text.includes(wanted)) await new Promise<void>((resolve) => waiting.push(resolve));
      },
      leave: () => {
        controller.abort();
        response = undefined;
      },
    };
  },
};
