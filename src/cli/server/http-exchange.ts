// One HTTP request and its answer, over TCP or a Unix socket, which Node's fetch cannot use. Called by call-server.ts,
// health.ts and the doctor.

import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  request,
} from "node:http";
import { request as requestTls } from "node:https";
import { text } from "node:stream/consumers";

type HttpAnswer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
};

type HttpExchange = {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Null for none. */
  readonly body: string | null;
  readonly signal: AbortSignal;
  /** Default: true. */
  readonly rejectUnauthorized?: boolean;
};

/** @param base `http://HOST:PORT`, `https://HOST:PORT` or `unix:/PATH`. @throws Error of the connection */
export async function exchangeHttp(
  base: string,
  { path, body, ...options }: HttpExchange,
): Promise<HttpAnswer> {
  const [, socketPath] = /^unix:(.*)$/.exec(base) ?? [];
  const url = new URL((socketPath === undefined ? base : "http://localhost") + path);
  const send = url.protocol === "https:" ? requestTls : request;
  const given: RequestOptions & { rejectUnauthorized?: boolean } = { ...options, agent: false };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const req = send(url, socketPath === undefined ? given : { ...given, socketPath }, resolve);
    req.once("error", reject);
    req.end(body ?? undefined);
  });
  const { statusCode = 0, headers } = response;
  return { status: statusCode, headers, text: await text(response) };
}
