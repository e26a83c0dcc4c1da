// A streamed answer: headers at once, frames as text arrives, and one error event if it fails.

import type { AnswerEncoder, Frame } from "../../api/dialect.ts";
import { type ServiceError, toServiceError } from "../../errors.ts";
import type { GenerateEvent } from "../../generation/events.ts";
import { requestIdOf } from "../server/response-locals.ts";
import { destroyIfStuck } from "../stream/disconnect.ts";
import type { Reader } from "../stream/follow-log.ts";
import { framingOf } from "../stream/framing.ts";
import { makeReader, type ReaderDeps } from "../stream/reader.ts";
import { endBroken, SseStream } from "../stream/sse.ts";
import { type AcceptDeps, type AcceptedExchange, accept, identityOf } from "./accept.ts";
import { forEachChoice } from "./choices.ts";
import { coalesceDeltas } from "./coalesce-deltas.ts";
import type { Exchange } from "./exchange.ts";
import { endStoredAnswer, failAnswer } from "./stored-answer.ts";

type StreamDeps = Omit<ReaderDeps, "log">;

/** @throws ServiceError the failure, for the log; an open stream has been sent it already */
export async function streamAnswer(
  exchange: Exchange,
  deps: AcceptDeps & StreamDeps,
): Promise<void> {
  const sse = openStream(exchange, deps);
  let accepted: AcceptedExchange | null = null;
  try {
    accepted = await accept(exchange, deps);
    sse.open();
    await writeChoices(accepted, writerOf(accepted, sse));
  } catch (thrown) {
    const error = toServiceError(thrown);
    const last = accepted && failAnswer(accepted, error);
    if (sse.isOpen) endBroken(sse, error, last ?? [errorFrame(exchange, error)]);
    throw error;
  } finally {
    sse.close();
    destroyIfStuck(exchange.res, deps.stallTimeoutMs);
  }
}

/**
 * Sends the headers after one heartbeat at the latest, so that a client does not wait for them while a large model loads.
 * A prompt that is refused before that gets a plain 400.
 */
function openStream(exchange: Exchange, deps: StreamDeps): SseStream {
  const { res, dialect, client, waitStatus } = exchange;
  const { signal, abort } = client;
  const framing = framingOf(dialect, identityOf(exchange));
  const sse = new SseStream({ ...deps, res, framing, signal, abort, waitStatus });
  sse.openWithin(deps.heartbeatMs);
  return sse;
}

/** Same as `openStream()`, but for a client that reads a log. */
export function openReader(exchange: Exchange, deps: ReaderDeps): Reader {
  const { req, res, dialect, waitStatus } = exchange;
  const framing = framingOf(dialect, identityOf(exchange));
  const onError = (error: ServiceError) => errorFrame(exchange, error);
  const reader = makeReader({ req, res, framing, waitStatus, errorFrame: onError }, deps);
  reader.sse.openWithin(deps.heartbeatMs);
  return reader;
}

function writerOf(accepted: AcceptedExchange, sse: SseStream): Writer {
  const log = accepted.stored?.response.log;
  return {
    send: (frames) => {
      log?.append(frames);
      return sse.send(frames);
    },
    end: () => {
      endStoredAnswer(accepted);
      sse.end();
    },
  };
}

/** The destination of an answer's frames. */
export type Writer = {
  /** Resolves when the destination takes more. */
  readonly send: (frames: readonly Frame[]) => Promise<void> | void;
  /** The answer is complete. Called before the engine has freed the slot, so that the reader does not wait for that. */
  readonly end: () => void;
};

/** Generates all choices and sends their frames as they arrive. */
export async function writeChoices(
  exchange: AcceptedExchange,
  { send, end }: Writer,
): Promise<void> {
  const { record, parsed, prepared, encoder } = exchange;
  if (encoder.start) await send(encoder.start());
  let unfinished = prepared.length;
  await forEachChoice(exchange, prepared, async (each, choice) => {
    const events = exchange.generate(each, choice);
    // Nothing to join token by token: that saves one generator for every token.
    const flowing = parsed.flush === "token" ? events : coalesceDeltas(events, parsed.flush);
    for await (const event of flowing) {
      if (event.type === "finish") unfinished -= 1;
      const isLast = unfinished === 0;
      if (isLast) record.answered();
      await send(framesOf(encoder, choice, event, isLast ? record.receipt : null));
      if (isLast) end();
    }
  });
}

function framesOf(
  encoder: AnswerEncoder,
  choice: number,
  event: GenerateEvent,
  receipt: Parameters<AnswerEncoder["finish"]>[2],
): readonly Frame[] {
  if (event.type === "finish") return encoder.finish(choice, event, receipt);
  if (event.type === "prefill") return encoder.progress(choice, event);
  return encoder.delta(choice, event);
}

export function errorFrame(
  { dialect, res }: Pick<Exchange, "dialect" | "res">,
  error: ServiceError,
): Frame {
  const data = JSON.stringify(dialect.encodeError(error, requestIdOf(res)));
  return dialect.streamEvents ? { event: dialect.streamEvents.error, data } : { data };
}
