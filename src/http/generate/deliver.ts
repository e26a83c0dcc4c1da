// Delivers one answer to one sink: accepts the request, generates all choices at once, encodes their events as frames, and ends
// the answer exactly once, complete or failed. If the answer is stored, its frames also go to its log. The numbers are the steps
// of docs/architecture.md.

import type { AnswerEncoder, Frame } from "../../api/dialect.ts";
import { jsonFrame } from "../../api/shared/frames.ts";
import { type ServiceError, toServiceError, wasStopped } from "../../errors.ts";
import { ChoiceCollector } from "../../generation/choice.ts";
import { type GenerateEvent, isDelta, type Receipt } from "../../generation/events.ts";
import type { Sink } from "../stream/sink.ts";
import { coalesceDeltas } from "./coalesce-deltas.ts";
import { type AcceptedAnswer, type Arrival, errorFrame } from "./exchange.ts";

type DeliverOptions = Pick<Arrival, "dialect" | "requestId"> & {
  readonly sink: Sink;
  readonly accept: () => Promise<AcceptedAnswer>;
};

/** @throws ServiceError the failure, for the log; the sink has been told it already */
export async function deliver({ sink, accept, ...request }: DeliverOptions): Promise<void> {
  let accepted: AcceptedAnswer | null = null;
  let hasEnded = false;
  const end = () => {
    hasEnded = true;
    accepted?.stored?.end(null);
    sink.end();
  };
  try {
    accepted = await accept(); // 4. prepare
    sink.begin(accepted.stored);
    await writeAnswer(accepted, { sink, end });
  } catch (thrown) {
    const error = toServiceError(thrown);
    if (!hasEnded)
      sink.fail(error, accepted ? failAnswer(accepted, error) : [errorFrame(request, error)]);
    throw error;
  } finally {
    sink.close();
  }
}

type WriteOptions = {
  readonly sink: Sink;
  /** Called after the last frames, before the engine has freed the slot. */
  readonly end: () => void;
};

async function writeAnswer(accepted: AcceptedAnswer, { sink, end }: WriteOptions): Promise<void> {
  const { encoder, prepared, stored, flush } = accepted;
  const encode = sink.takesBody ? bodyEncoding(accepted) : frameEncoding(encoder);
  const log = sink.takesBody ? null : stored?.log;
  const write = (frames: readonly Frame[]) => {
    log?.append(frames);
    return sink.send(frames);
  };
  if (encoder.start && !sink.takesBody) await write(encoder.start());
  let unfinished = prepared.length;
  await forEachChoice(accepted, async (choice) => {
    const count = counterOf(accepted, choice);
    const events = accepted.events(choice); // 5. start, 6. generate and 7. read are the worker's
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
function bodyEncoding({ encoder, prepared }: AcceptedAnswer): Encode {
  const collectors = prepared.map(() => new ChoiceCollector());
  return (choice, event, receipt) => {
    collectors[choice]?.add(event);
    if (!receipt) return [];
    const [first, ...others] = collectors.map((collector) => collector.choice);
    return first ? [jsonFrame(encoder.body([first, ...others], receipt))] : [];
  };
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
function counterOf(accepted: AcceptedAnswer, choice: number): (event: GenerateEvent) => void {
  const { record, charge, promptRead } = accepted;
  const tally = record.tallyOf(choice);
  let isRead = false;
  return (event) => {
    record.event(tally, event);
    charge(choice, tally);
    if (isRead || !reportsReading(event)) return;
    isRead = true;
    const diagnosis = promptRead(choice, tally.cachedTokens);
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
  { client, prepared }: AcceptedAnswer,
  work: (choice: number) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = [];
  const tryWork = async (choice: number) => {
    try {
      await work(choice);
    } catch (error) {
      errors.push(error);
      client.abort(toServiceError(error)); // also ends a wait of this choice for its next event
    }
  };
  await Promise.all(prepared.map((_, choice) => tryWork(choice)));
  if (errors.length > 0) throw errors[0];
}

function completeReceipt({ record }: AcceptedAnswer): Receipt {
  record.answered();
  return record.receipt;
}

/** @returns the last frames of the stream */
function failAnswer(accepted: AcceptedAnswer, error: ServiceError): readonly Frame[] {
  const { stored, encoder, record, requestId } = accepted;
  const frames = encoder.fail?.(error, requestId, record.receipt) ?? null;
  stored?.log.append(frames ?? []);
  stored?.end(wasStopped(error) ? null : `it failed with ${error.code}`);
  return frames ?? [errorFrame(accepted, error)];
}
