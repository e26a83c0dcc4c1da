// An answer as a stream: headers at once, frames as text comes, one error event if it breaks.

import type { Dialect } from "../api/dialect.ts";
import type { Engine } from "../engine/engine.ts";
import { type ServiceError, toServiceError } from "../errors.ts";
import type { Ticket } from "../queue/ticket.ts";
import { attempts, destroyIfStuck, type Exchange, makeEncoder, prepare } from "./exchange.ts";
import { SseStream } from "./sse.ts";

/** @throws ServiceError also after it has told the client, for the log */
export async function streamAnswer(on: Exchange): Promise<void> {
  const { deps, res, client, record, dialect, ticket } = on;
  const { heartbeatMs, stallTimeoutMs } = deps.options;
  const sse = new SseStream({
    res,
    heartbeatMs,
    stallTimeoutMs,
    signal: client.signal,
    status: () => describeWait(ticket, deps.engine),
  });
  const encoder = makeEncoder(on);
  // A prompt that is refused is a plain 400; but a client must not wait for headers while a large model loads.
  const openAnyway = setTimeout(() => sse.open(), heartbeatMs);
  try {
    const prepared = await prepare(on);
    sse.open();
    let hasStarted = false;
    const events = attempts(on, prepared, () => !hasStarted);
    for await (const event of events) {
      const opening = hasStarted ? [] : encoder.start();
      hasStarted = true;
      record.queueMs = ticket.waitedMs;
      if (event.type === "text-delta") await sse.send([...opening, encoder.delta(event.text)]);
      else await sse.send([...opening, ...encoder.finish(event.reason, record.receipt)]);
    }
    sse.end();
  } catch (error) {
    if (sse.isOpen) endBroken(sse, toServiceError(error), dialect);
    throw error;
  } finally {
    clearTimeout(openAnyway);
    destroyIfStuck(res, stallTimeoutMs);
  }
}

function endBroken(sse: SseStream, error: ServiceError, dialect: Dialect): void {
  const isGone = error.code === "aborted" || error.code === "client_stalled";
  if (isGone) sse.destroy();
  else sse.end([{ data: JSON.stringify(dialect.encodeError(error)) }]);
}

function describeWait(ticket: Ticket, engine: Engine): string | null {
  const { state, loadProgress } = engine.status();
  if (state !== "ready") return `${state} progress=${loadProgress.toFixed(2)}`;
  const { place } = ticket;
  if (!place) return null;
  return `queued position=${place.position}${place.etaMs === null ? "" : ` eta_ms=${place.etaMs}`}`;
}
