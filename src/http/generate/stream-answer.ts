// An answer as a stream: headers at once, frames as text comes, one error event if it breaks.

import type { AnswerEncoder, Frame } from "../../api/dialect.ts";
import { type ServiceError, toServiceError } from "../../errors.ts";
import type { GenerateEvent } from "../../generation/events.ts";
import { requestIdOf } from "../server/middleware.ts";
import type { Reader } from "../stream/follow-log.ts";
import { framingOf } from "../stream/framing.ts";
import { makeReader } from "../stream/reader.ts";
import { endBroken, SseStream } from "../stream/sse.ts";
import { type Accepted, accept, identityOf } from "./accept.ts";
import { flushed } from "./coalesce-deltas.ts";
import {
  describeWait,
  destroyIfStuck,
  type Exchange,
  eventsOf,
  forEachChoice,
  waitedMs,
} from "./exchange.ts";
import { endKept, failAnswer } from "./keep-answer.ts";

/** @throws ServiceError also after it has told the client, for the log */
export async function streamAnswer(on: Exchange): Promise<void> {
  const { deps, res } = on;
  const sse = openStream(on);
  let accepted: Accepted | null = null;
  try {
    accepted = await accept(on);
    sse.open();
    await writeChoices(accepted, writerOf(accepted, sse));
  } catch (thrown) {
    const error = toServiceError(thrown);
    const last = accepted && failAnswer(accepted, error);
    if (sse.isOpen) endBroken(sse, error, last ?? [errorFrame(on, error)]);
    throw error;
  } finally {
    sse.close();
    destroyIfStuck(res, deps.options.stallTimeoutMs);
  }
}

/**
 * A prompt that is refused is a plain 400; but a client must not wait for headers while a large model loads: it has them
 * after one heartbeat.
 */
function openStream(on: Exchange): SseStream {
  const { deps, res, dialect, client } = on;
  const { heartbeatMs, stallTimeoutMs } = deps.options;
  const sse = new SseStream({
    res,
    heartbeatMs,
    framing: framingOf(dialect, identityOf(on)),
    stallTimeoutMs,
    signal: client.signal,
    sockets: deps.sockets,
    abort: client.abort,
    status: () => describeWait(on),
  });
  sse.openWithin(heartbeatMs);
  return sse;
}

/** As `openStream()`, for a client that reads what is written without it. */
export function openReader(on: Exchange): Reader {
  const { req, res, deps, dialect } = on;
  const reader = makeReader({
    ...{ req, res, deps, framing: framingOf(dialect, identityOf(on)) },
    news: () => describeWait(on),
    errorFrame: (error) => errorFrame(on, error),
  });
  reader.sse.openWithin(deps.options.heartbeatMs);
  return reader;
}

function writerOf(accepted: Accepted, sse: SseStream): Writer {
  const log = accepted.kept?.response.log;
  return {
    send: (frames) => {
      log?.append(frames);
      return sse.send(frames);
    },
    end: () => {
      endKept(accepted);
      sse.end();
    },
  };
}

/** Where the frames of an answer go. */
export type Writer = {
  /** Resolves when it takes more. */
  readonly send: (frames: readonly Frame[]) => Promise<void> | void;
  /** The answer is whole. The engine may still have to clear up after it: its reader need not wait for that. */
  readonly end: () => void;
};

/** Generates all choices, and hands the frames on as they come. */
export async function writeChoices(on: Accepted, { send, end }: Writer): Promise<void> {
  const { record, parsed, prepared, encoder } = on;
  if (encoder.start) await send(encoder.start());
  let unfinished = prepared.length;
  await forEachChoice(on, prepared, async (each, choice) => {
    const events = eventsOf(on, each, choice);
    // Token by token there is nothing to join, and one generator less on every token's way.
    const flowing = parsed.flush === "token" ? events : flushed(events, parsed.flush);
    for await (const event of flowing) {
      record.queueMs = waitedMs(on);
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
  if (event.type === "prompt-progress") return encoder.progress(choice, event);
  return encoder.delta(choice, event);
}

export function errorFrame(
  { dialect, res }: Pick<Exchange, "dialect" | "res">,
  error: ServiceError,
): Frame {
  const data = JSON.stringify(dialect.encodeError(error, requestIdOf(res)));
  return dialect.streamEvents ? { event: dialect.streamEvents.error, data } : { data };
}
