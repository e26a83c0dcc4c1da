// A proxy between a client and the server: records what each asks and gets, and can force the first request to call a tool.

import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { forceTool } from "./force-tool.ts";

/** One exchange, as far as it went. */
export type Exchange = {
  readonly method: string;
  readonly path: string;
  readonly body: string;
  readonly isForced: boolean;
  status: number;
  contentType: string;
  answer: string;
  isEnded: boolean;
};

export type RecordingProxy = {
  readonly url: string;
  /** All exchanges since the last `begin`. */
  readonly exchanges: () => readonly Exchange[];
  /** Forgets the exchanges; the first request that offers one of these tools must call it. */
  readonly begin: (tools: readonly string[]) => void;
  readonly close: () => void;
};

const MAX_KEPT = 200_000;

export async function startProxy(target: string): Promise<RecordingProxy> {
  let exchanges: Exchange[] = [];
  let wanted: readonly string[] = [];
  const server = createServer((incoming, outgoing) => {
    void readBody(incoming).then((body) => {
      const forced = wanted.length > 0 ? forceIn(body, incoming.url ?? "", wanted) : null;
      if (forced !== null) wanted = [];
      const exchange: Exchange = {
        method: incoming.method ?? "",
        path: incoming.url ?? "",
        body: forced ?? body,
        isForced: forced !== null,
        status: 0,
        contentType: "",
        answer: "",
        isEnded: false,
      };
      exchanges.push(exchange);
      forward({ target, incoming, outgoing, exchange });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exchanges: () => exchanges,
    begin(tools) {
      exchanges = [];
      wanted = tools;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of incoming) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

function forceIn(body: string, path: string, wanted: readonly string[]): string | null {
  try {
    const forced = forceTool(JSON.parse(body) as Record<string, unknown>, path, wanted);
    return forced && JSON.stringify(forced);
  } catch {
    return null;
  }
}

type Hop = {
  readonly target: string;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly exchange: Exchange;
};

/** A client that disconnects closes the connection to the server too. */
function forward({ target, incoming, outgoing, exchange }: Hop): void {
  const headers = { ...incoming.headers, host: new URL(target).host };
  delete headers["transfer-encoding"];
  delete headers["accept-encoding"];
  if (exchange.body !== "") headers["content-length"] = String(Buffer.byteLength(exchange.body));
  const onward = request(target + exchange.path, { method: exchange.method, headers });
  outgoing.on("close", () => onward.destroy());
  onward.on("error", () => outgoing.destroy());
  onward.on("response", (response) => {
    exchange.status = response.statusCode ?? 0;
    exchange.contentType = response.headers["content-type"] ?? "";
    outgoing.writeHead(exchange.status, response.headers);
    outgoing.flushHeaders();
    response.on("data", (part: Buffer) => {
      if (exchange.answer.length < MAX_KEPT) exchange.answer += part.toString();
      outgoing.write(part);
    });
    response.on("end", () => {
      exchange.isEnded = true;
      outgoing.end();
    });
    response.on("error", () => outgoing.destroy());
  });
  onward.end(exchange.body);
}
