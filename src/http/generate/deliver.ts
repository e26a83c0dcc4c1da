// Delivers one answer to one sink: prepares the prompts, generates all choices at once, encodes their events as frames, and ends
// the answer exactly once, complete or failed. If the answer is stored, its frames also go to its log. The numbers are the steps
// of docs/architecture.md.

import type { AnswerEncoder, Frame } from "../../api/dialect.ts";
import { jsonFrame } from "../../api/shared/frames.ts";
import { type ServiceError, toServiceError, wasStopped } from "../../errors.ts";
import { ChoiceCollector } from "../../generation/choice.ts";
import { type GenerateEvent, isDelta, type Receipt } from "../../generation/events.ts";
import type { PreparedRequest } from "../../generation/request.ts";
import { requestIdOf } from "../server/response-locals.ts";
import type { Sink } from "../stream/sink.ts";
import { type AcceptDeps, type AcceptedExchange, accept } from "./accept.ts";
import { coalesceDeltas } from "./coalesce-deltas.ts";
import { type Exchange, errorFrame } from "./exchange.ts";
import { scopeOf } from "./watch-cache.ts";

export type DeliverDeps = AcceptDeps;

/** @throws ServiceError the failure, for the log; the sink has been told it already */
export async function deliver(exchange: Exchange, sink: Sink, deps: DeliverDeps): Promise<void> {
  let accepted: AcceptedExchange | null = null;
  let hasEnded = false;
  const end = () => {
    hasEnded = true;
    accepted?.stored?.end(null);
    sink.end();
  };
  try {
    accepted = await accept(exchange, deps); // 4. prepare
    sink.begin(accepted.stored);
    await writeAnswer(accepted, { sink, deps, end });
  } catch (thrown) {
    const error = toServiceError(thrown);
    if (!hasEnded)
      sink.fail(error, accepted ? failAnswer(accepted, error) : [errorFrame(exchange, error)]);
    throw error;
  } finally {
    sink.close();
  }
}

type WriteOptions = {
  readonly sink: Sink;
  readonly deps: DeliverDeps;
  /** Called after the last frames, before the engine has freed the slot. */
  readonly end: () => void;
};

async function writeAnswer(
  accepted: AcceptedExchange,
  { sink, deps, end }: WriteOptions,
): Promise<void> {
  const { encoder, prepared, stored, parsed } = accepted;
  const encode = sink.takesBody ? bodyEncoding(accepted) : frameEncoding(encoder);
  const log = sink.takesBody ? null : stored?.log;
  const write = (frames: readonly Frame[]) => {
    log?.append(frames);
    return sink.send(frames);
  };
  if (encoder.start && !sink.takesBody) await write(encoder.start());
  let unfinished = prepared.length;
  await forEachChoice(accepted, async (each, choice) => {
    const count = counterOf(accepted, choice);
    const { flush } = parsed;
    const events = eventsOf(accepted, each, choice, deps); // 5. start, 6. generate and 7. read are the worker's
    const joined = flush === "token" ? null : coalesceDeltas(counted(events, count), flush);
    for await (const event of joined ?? events) {
      if (!joined) count(event); // here, because a generator for every token would cost time
      if (event.type === "finish") unfinished -= 1;
      const receipt = unfinished === 0 ? completeReceipt(accepted) : null;
      const full = write(encode(choice, event, receipt)); // 8. deliver
      if (full) await full; // a promise for every token would cost time
      if (receipt) end();
    }
  });
}

/** @param receipt with the last event of the answer */
type Encode = (choice: number, event: GenerateEvent, receipt: Receipt | null) => readonly Frame[];

function frameEncoding(encoder: AnswerEncoder): Encode {
  return (choice, event, receipt) => {
    if (event.type === "finish") return encoder.finish(choice, event, receipt);
    if (event.type === "prefill") return encoder.progress?.(choice, event) ?? [];
    return encoder.delta(choice, event);
  };
}

/** The whole answer as the data of one frame. */
function bodyEncoding({ encoder, prepared }: AcceptedExchange): Encode {
  const collectors = prepared.map(() => new ChoiceCollector());
  return (choice, event, receipt) => {
    collectors[choice]?.add(event);
    if (!receipt) return [];
    const [first, ...others] = collectors.map((collector) => collector.choice);
    return first ? [jsonFrame(encoder.body([first, ...others], receipt))] : [];
  };
}

/** The engine's events of one choice. */
function eventsOf(
  accepted: AcceptedExchange,
  prepared: PreparedRequest,
  choice: number,
  { sharedCache }: DeliverDeps,
): AsyncIterable<GenerateEvent> {
  const { res, client, model } = accepted;
  const lease = accepted.admission.ticketOf(choice);
  lease.expect({ promptTokens: prepared.promptTokens.length, maxTokens: prepared.maxTokens });
  const { signal, deadline } = client;
  const cacheScope = scopeOf(res, sharedCache);
  return model.engine.generate(prepared, { signal, deadline, lease, cacheScope });
}

/** Counts each event before deltas are joined. */
async function* counted(
  events: AsyncIterable<GenerateEvent>,
  count: (event: GenerateEvent) => void,
): AsyncGenerator<GenerateEvent, void, undefined> {
  for await (const event of events) {
    count(event);
    yield event;
  }
}

/** Counts the events of one choice for the request's record, and charges them to its key. */
function counterOf(accepted: AcceptedExchange, choice: number): (event: GenerateEvent) => void {
  const { record, admission, cache } = accepted;
  const ticket = admission.ticketOf(choice);
  const tally = record.tallyOf(choice);
  let isRead = false;
  return (event) => {
    record.event(tally, event);
    ticket.charge(tally);
    if (isRead || !reportsReading(event)) return;
    isRead = true;
    const diagnosis = cache.read(choice, tally.cachedTokens);
    if (diagnosis) record.promptRead(tally, diagnosis);
  };
}

/** Whether it is the first event that says how much of the prompt was cached. */
function reportsReading(event: GenerateEvent): boolean {
  return event.type === "finish" || (isDelta(event) && event.prompt !== undefined);
}

/**
 * Works on all choices at once. A failure of one aborts all.
 * @throws the first error
 */
async function forEachChoice(
  { client, prepared }: AcceptedExchange,
  work: (prepared: PreparedRequest, choice: number) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  const tryWork = async (each: PreparedRequest, choice: number) => {
    try {
      await work(each, choice);
    } catch (error) {
      errors.push(error);
      client.abort(toServiceError(error)); // also ends a wait of this choice for its next event
    }
  };
  await Promise.all(prepared.map(tryWork));
  if (errors.length > 0) throw errors[0];
}

function completeReceipt({ record }: AcceptedExchange): Receipt {
  record.answered();
  return record.receipt;
}

/** @returns the last frames of the stream */
function failAnswer(accepted: AcceptedExchange, error: ServiceError): readonly Frame[] {
  const { stored, encoder, record, res } = accepted;
  const frames = encoder.fail?.(error, requestIdOf(res), record.receipt) ?? null;
  stored?.log.append(frames ?? []);
  stored?.end(wasStopped(error) ? null : `it failed with ${error.code}`);
  return frames ?? [errorFrame(accepted, error)];
}
