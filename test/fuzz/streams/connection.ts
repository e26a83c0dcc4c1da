// A client on a plain socket: sends requests one after another on a kept connection, or runs a script of bytes, pauses and
// disconnects.

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { deferred } from "../../../src/generation/deferred.ts";
import { type Answer, AnswerReader } from "./answer-reader.ts";

export type Step = Buffer | { readonly pauseMs: number } | "half-close" | "reset";

/** The result. `fault` is set if bytes arrived that are not HTTP, or nothing arrived within the limit. */
export type Outcome = {
  readonly answers: readonly Answer[];
  readonly isClosed: boolean;
  readonly ms: number;
  readonly fault: string | null;
};

export type StepRun = {
  readonly url: string;
  readonly steps: readonly Step[];
  /** Methods of the requests. */
  readonly methods: readonly string[];
  /** Stops after this many answers; with fewer, the server must close. */
  readonly expectedAnswers: number;
  readonly limitMs: number;
};

/** Runs the steps on a new connection and waits for its end. */
export async function runSteps({
  url,
  steps,
  methods,
  expectedAnswers,
  limitMs,
}: StepRun): Promise<Outcome> {
  const startedAtMs = performance.now();
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  const reader = new AnswerReader(methods);
  const answers: Answer[] = [];
  const ended = new AbortController();
  let isClosed = false;
  let fault: string | null = null;
  const take = (more: () => readonly (Answer | null)[]) => {
    try {
      for (const answer of more()) if (answer) answers.push(answer);
    } catch (error) {
      fault ??= (error as Error).message;
    }
    if (fault !== null || answers.length >= expectedAnswers) ended.abort();
  };
  socket.on("error", () => {}); // a reset is one way to refuse a request
  socket.on("data", (bytes) => take(() => reader.feed(bytes)));
  const onEnd = () => {
    if (isClosed) return;
    isClosed = true;
    take(() => [reader.end()]);
    ended.abort();
  };
  socket.once("end", onEnd);
  socket.once("close", onEnd);
  const timer = setTimeout(() => {
    fault = `neither answered nor closed within ${limitMs / 1000} s`;
    ended.abort();
  }, limitMs);
  try {
    await write(socket, steps, ended.signal);
    if (!ended.signal.aborted) await once(ended.signal, "abort");
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
  return { answers, isClosed, ms: performance.now() - startedAtMs, fault };
}

async function write(socket: Socket, steps: readonly Step[], signal: AbortSignal): Promise<void> {
  for (const step of steps) {
    if (signal.aborted || socket.destroyed) return;
    if (step === "half-close") socket.end();
    else if (step === "reset") socket.resetAndDestroy();
    else if (Buffer.isBuffer(step)) socket.write(step);
    else await sleep(step.pauseMs, undefined, { signal }).catch(() => {}); // the connection was refused
  }
}

/** A connection that is kept open as long as the server allows. */
export class KeptConnection {
  readonly #url: string;
  #socket: Socket | null = null;

  constructor(url: string) {
    this.#url = url;
  }

  /** Sends one request and returns its answer. Reconnects if the connection was closed while idle. */
  async send(bytes: Buffer, method: string, limitMs: number): Promise<Outcome> {
    const wasKept = this.#socket !== null;
    const outcome = await this.#exchange(bytes, method, limitMs);
    const isStale = wasKept && outcome.isClosed && outcome.answers.length === 0;
    return isStale ? this.#exchange(bytes, method, limitMs) : outcome;
  }

  async #exchange(bytes: Buffer, method: string, limitMs: number): Promise<Outcome> {
    const startedAtMs = performance.now();
    const socket = await this.#connected();
    const reader = new AnswerReader([method]);
    const { promise, resolve } = deferred<Omit<Outcome, "ms">>();
    const settle = (answers: readonly Answer[], fault: string | null, isClosed = false) =>
      resolve({ answers, fault, isClosed });
    const take = (more: () => readonly (Answer | null)[], isClosed: boolean) => {
      try {
        const answers = more().filter((answer) => answer !== null);
        const isStray = answers.length > 1 || (answers.length === 1 && reader.rest.length > 0);
        if (answers.length > 0) settle(answers, isStray ? "more than one answer" : null, isClosed);
        else if (isClosed) settle([], null, true);
      } catch (error) {
        settle([], (error as Error).message);
      }
    };
    const onData = (more: Buffer) => take(() => reader.feed(more), false);
    const onClose = () => take(() => [reader.end()], true);
    const onTime = () => settle([], `neither answered nor closed within ${limitMs / 1000} s`);
    const timer = setTimeout(onTime, limitMs);
    socket.on("data", onData).once("close", onClose);
    socket.write(bytes);
    const outcome = await promise;
    clearTimeout(timer);
    socket.off("data", onData).off("close", onClose);
    const isLast = outcome.answers[0]?.headers.get("connection") === "close";
    if (outcome.fault !== null || outcome.isClosed || isLast) this.close();
    return { ...outcome, ms: performance.now() - startedAtMs };
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }

  async #connected(): Promise<Socket> {
    if (this.#socket && !this.#socket.destroyed && this.#socket.writable) return this.#socket;
    const { hostname, port } = new URL(this.#url);
    const socket = connect({ host: hostname, port: Number(port) });
    await once(socket, "connect");
    socket.on("error", () => {}); // reported by `close`
    this.#socket = socket;
    return socket;
  }
}
