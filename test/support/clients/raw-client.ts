// An HTTP client on a plain socket: disconnects by FIN or RST, stops reading, or half-closes.

import { once } from "node:events";
import { connect, type Socket } from "node:net";

export type RawClient = {
  readonly socket: Socket;
  /** Everything read so far. */
  readonly received: () => string;
  /** Resolves when the bytes read so far contain the text. */
  readonly sees: (text: string) => Promise<void>;
};

export type RawOptions = {
  /** Stop reading right after the request has been sent. */
  readonly isDeaf?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** A connection to use instead of a new one. */
  readonly socket?: Socket;
};

/** Sends one POST with a JSON body. */
export async function rawPost(
  url: string,
  body: object,
  options: RawOptions = {},
): Promise<RawClient> {
  const { hostname, port, pathname } = new URL(url);
  const socket = options.socket ?? connect({ host: hostname, port: Number(port) });
  if (!options.socket) await once(socket, "connect");
  socket.on("error", () => {}); // a disconnect may be a reset
  const json = JSON.stringify(body);
  const head = [
    `POST ${pathname} HTTP/1.1`,
    `host: ${hostname}`,
    "content-type: application/json",
    `content-length: ${Buffer.byteLength(json)}`,
    ...Object.entries(options.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.write(`${head.join("\r\n")}\r\n\r\n${json}`);
  let text = "";
  if (!options.isDeaf) socket.on("data", (bytes) => (text += bytes.toString()));
  return {
    socket,
    received: () => text,
    sees: async (wanted) => {
      while (!text.includes(wanted)) await once(socket, "data");
    },
  };
}

/** The ways to disconnect. */
export const WAYS_TO_LEAVE: Readonly<Record<string, (socket: Socket) => void>> = {
  FIN: (socket) => void socket.destroy(),
  RST: (socket) => void socket.resetAndDestroy(),
  "half-close": (socket) => void socket.end(),
};
