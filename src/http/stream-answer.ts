// An answer as a stream: headers at once, frames as text comes, one error event if it breaks.

import type { AnswerEncoder, Frame } from "../api/dialect.ts";
import { type ServiceError, toServiceError } from "../errors.ts";
import type { GenerateEvent } from "../generation/events.ts";
import type { PreparedRequest } from "../generation/request.ts";
import {
  attempts,
  destroyIfStuck,
  type Exchange,
  forEachChoice,
  makeEncoder,
  prepareAll,
  waitedMs,
} from "./exchange.ts";
import { flushed } from "./flushed.ts";
import { requestIdOf } from "./middleware.ts";
import { SseStream } from "./sse.ts";

/** @throws ServiceError also after it has told the client, for the log */
export async function streamAnswer(on: Exchange): Promise<void> {
  const { deps, res, client, dialect } = on;
  const { heartbeatMs, stallTimeoutMs } = deps.options;
  const sse = new SseStream({
    res,
    heartbeatMs,
    heartbeat: dialect.named?.heartbeat ?? null,
    stallTimeoutMs,
    signal: client.signal,
    status: () => describeWait(on),
  });
  // A prompt that is refused is a plain 400; but a client must not wait for headers while a large model loads.
  const openAnyway = setTimeout(() => sse.open(), heartbeatMs);
  try {
    const prepared = await prepareAll(on);
    sse.open();
    await streamChoices(on, sse, prepared);
    sse.end();
  } catch (error) {
    if (sse.isOpen) endBroken(on, sse, toServiceError(error));
    throw error;
  } finally {
    clearTimeout(openAnyway);
    destroyIfStuck(res, stallTimeoutMs);
  }
}

async function streamChoices(
  on: Exchange,
  sse: SseStream,
  prepared: readonly PreparedRequest[],
): Promise<void> {
  const { record, parsed } = on;
  const encoder = makeEncoder(on);
  let unfinished = prepared.length;
  await forEachChoice(on, prepared, async (each, choice) => {
    let hasStarted = false;
    const events = attempts(on, { choice, prepared: each, mayRestart: () => !hasStarted });
    // Token by token there is nothing to join, and one generator less on every token's way.
    const flowing = parsed.flush === "token" ? events : flushed(events, parsed.flush);
    for await (const event of flowing) {
      hasStarted ||= event.type !== "prompt-progress";
      record.queueMs = waitedMs(on);
      if (event.type === "finish") unfinished -= 1;
      const receipt = unfinished === 0 ? record.receipt : null;
      await sse.send(framesOf(encoder, choice, event, receipt));
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

function endBroken({ dialect, res }: Exchange, sse: SseStream, error: ServiceError): void {
  const isGone = error.code === "aborted" || error.code === "client_stalled";
  if (isGone) return sse.destroy();
  const data = JSON.stringify(dialect.encodeError(error, requestIdOf(res)));
  sse.end([dialect.named ? { event: dialect.named.error, data } : { data }]);
}

/** Null once one of the choices has a slot. */
function describeWait({ deps, tickets }: Exchange): string | null {
  const { state, loadProgress } = deps.engine.status();
  if (state !== "ready") return `${state} progress=${loadProgress.toFixed(2)}`;
  const places = tickets.map(({ place }) => place);
  const [place] = places;
  if (!place || places.includes(null)) return null;
  return `queued position=${place.position}${place.etaMs === null ? "" : ` eta_ms=${place.etaMs}`}`;
}
