// Checks of the addresses: whether the server can listen on them, and whether tokens come one by one through a proxy.

import { createServer } from "node:net";
import { type StreamResult, streamChat } from "../../bench/clients/stream-client.ts";
import { listedModels } from "../../bench/listed-models.ts";
import type { Config } from "../../config/config.ts";
import { hostAndPort, type ListenAddress, listenAddresses } from "../../config/listen-address.ts";
import { isStaleSocket } from "../../http/server/listen.ts";
import type { ServerAddress } from "../server/call-server.ts";
import { exchangeHttp } from "../server/http-exchange.ts";
import { Findings } from "./finding.ts";

const TOKENS = 48;
const STREAM_LIMIT_MS = 60_000;
const HEALTH_LIMIT_MS = 2_000;
/** Of the time in which the server wrote the answer, the share in which it arrived. */
const STREAMED_SHARE = 0.5;
/** Fewer deltas say nothing about buffers. */
const FEWEST_TEXTS = 4;
/** A busy machine can deliver one fast answer at once; a proxy that buffers does it each time. */
const ATTEMPTS = 3;
const CLOCK_DIFFERENCE_MS = 60_000;

export async function checkAddresses(config: Config): Promise<Findings> {
  const findings = new Findings("address");
  for (const address of listenAddresses(config)) {
    const shown = textOf(address);
    const code = await whyNot(address);
    if (code === null) findings.ok(`${shown} is free`);
    else if (code === "EADDRINUSE" && "path" in address && (await isStaleSocket(address.path)))
      findings.ok(`${shown} is a socket of a server that has ended, which the next one replaces`);
    else if (code === "EADDRINUSE" && (await answersHealth(address, config)))
      findings.note(`a server like this one runs at ${shown}`);
    else
      findings.problem(
        `this user cannot listen on ${shown}: ${code}`,
        code === "EADDRINUSE"
          ? "another program listens there: stop it, or choose another address (--listen, --port)"
          : "see --host, --port and --listen",
      );
  }
  return findings;
}

function textOf(address: ListenAddress): string {
  if ("path" in address) return `unix:${address.path}`;
  const { host = "*", port } = address;
  return hostAndPort(host, port);
}

/** @returns the code of the error; null if listening works */
function whyNot(address: ListenAddress): Promise<string | null> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(address, () => server.close(() => resolve(null)));
  });
}

/** The certificate is for the name that clients use, not for this address, so it is not checked. */
async function answersHealth(address: ListenAddress, { tlsCert }: Config): Promise<boolean> {
  try {
    const { status, headers } = await exchangeHttp(baseOf(address, tlsCert !== undefined), {
      ...{ method: "GET", path: "/health", headers: {}, body: null, rejectUnauthorized: false },
      signal: AbortSignal.timeout(HEALTH_LIMIT_MS),
    });
    return status === 200 && headers["x-request-id"] !== undefined;
  } catch {
    return false; // something else, which does not speak HTTP
  }
}

function baseOf(address: ListenAddress, isTls: boolean): string {
  if ("path" in address) return textOf(address);
  return `${isTls ? "https" : "http"}://${textOf({ ...address, host: address.host ?? "127.0.0.1" })}`;
}

/** Streams one answer through the address at which clients reach the server, as one of them would. */
export async function checkThrough({
  url: base,
  key,
}: Pick<ServerAddress, "url" | "key">): Promise<Findings> {
  const findings = new Findings("streaming");
  const apiKey = key ?? null;
  let model: string | undefined;
  try {
    [model] = await listedModels({ url: base, apiKey });
    await checkDate(base, findings);
  } catch (error) {
    findings.problem(
      (error as Error).message,
      "check the address, the key (--key) and the proxy's log",
    );
    return findings;
  }
  const messages = [{ role: "user", content: "Count from one to fifty." }];
  const request = { url: base, model: model ?? "", apiKey, messages, tokens: TOKENS };
  let result: StreamResult;
  let attempt = 0;
  do result = await streamChat({ ...request, limitMs: STREAM_LIMIT_MS });
  while (isBuffered(result) && ++attempt < ATTEMPTS);
  judge(result, base, findings);
  return findings;
}

function isBuffered({ outcome, textAtMs, decodeMs }: StreamResult): boolean {
  if (outcome !== "complete" || decodeMs === null || textAtMs.length < FEWEST_TEXTS) return false;
  return spanMs(textAtMs) < decodeMs * STREAMED_SHARE;
}

function spanMs(times: readonly number[]): number {
  return (times.at(-1) ?? 0) - (times[0] ?? 0);
}

/** Compares the clocks of both machines by the Date header. */
async function checkDate(base: string, findings: Findings): Promise<void> {
  const response = await fetch(`${base}/health`, { signal: AbortSignal.timeout(HEALTH_LIMIT_MS) });
  const theirs = Date.parse(response.headers.get("date") ?? "");
  const apartMs = Math.abs(theirs - Date.now());
  if (apartMs > CLOCK_DIFFERENCE_MS)
    findings.warning(
      `the clocks of this machine and of ${base} differ by ${Math.round(apartMs / 1000)} s`,
      "switch on time synchronization on both",
    );
}

function judge(result: StreamResult, base: string, findings: Findings): void {
  const { outcome, status, textAtMs, ttftMs, decodeMs } = result;
  if (outcome !== "complete") {
    findings.problem(
      `an answer through ${base} ended early: ${outcome}, status ${status}`,
      "look for the request in the server's log and in the proxy's; a proxy may have a time limit for answers",
    );
    return;
  }
  const tokens = `${textAtMs.length} pieces of text in ${Math.round(spanMs(textAtMs))} ms, the first after ${Math.round(ttftMs)} ms`;
  if (decodeMs === null || textAtMs.length < FEWEST_TEXTS)
    findings.note(`${tokens}: too little to tell whether something buffers the stream`);
  else if (isBuffered(result))
    findings.problem(
      `something between here and the server buffers streams: it wrote for ${Math.round(decodeMs)} ms, and here came ${tokens}`,
      "switch off buffering and compression for the API: proxy_buffering off and gzip off in nginx (see deploy/nginx.conf), flush_interval -1 in Caddy",
    );
  else findings.ok(`tokens come one by one through ${base}: ${tokens}`);
}
