// Answers kept for clients that come back: their events while they run, and for a limited time after their end. Kept only in
// memory, within a size limit shared by the owners. Resumable streams are kept answers; stored responses are a layer on them.

import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { ServiceError } from "../errors.ts";
import type { WaitingStatus } from "../generation/wait-status.ts";
import { equalShare } from "./equal-share.ts";
import { EventLog } from "./event-log.ts";

export type KeptAnswersOptions = {
  /** Memory limit for all answers. */
  readonly maxBytes: number;
  /** How long an answer is kept after its end and its last reader. */
  readonly keepMs: number;
  /**
   * Whether a reader may continue after any event: events have numbers, and instead of losing them when the memory is full, the
   * writer waits. An answer without a reader is then aborted after `keepMs`.
   */
  readonly isResumable?: boolean;
};

/** The origin of a new answer. */
export type AnswerSource = {
  readonly id: string;
  readonly owner: string;
  /** Wait status sent to a waiting reader. */
  readonly waitStatus: () => WaitingStatus | null;
  readonly abort: (error: ServiceError) => void;
  /** Whether its readers take no comments (default: false). */
  readonly isBare?: boolean;
  /** Default: a random one. */
  readonly token?: string;
  /** Whether it continues an answer of another server: its events are written again, see `EventLogOptions` (default: false). */
  readonly isReplay?: boolean;
  /** Memory that cannot be dropped while the answer runs (default: that of its events). */
  readonly fixedBytes?: number;
  /** Called once, when the answer is removed. @returns the memory that this frees beside that of its events */
  readonly release?: () => number;
};

/** Memory of one owner's answers. */
type OwnerMemory = {
  answers: number;
  bytes: number;
  /** The part that cannot be dropped, as last counted. */
  fixedBytes: number;
};

/** Only the store changes it. */
export type KeptAnswer<Source extends AnswerSource = AnswerSource> = Source & {
  /** Its holder may read and stop this answer, like its owner. */
  readonly token: string;
  readonly log: EventLog;
  readonly memory: OwnerMemory;
  readonly readers: Set<object>;
  isRunning: boolean;
  /** Ends its time without a reader. */
  timer: NodeJS.Timeout | undefined;
};

/** Proof of access to an answer. */
export type Claim = { readonly owner: string } | { readonly token: string };

/** The log of one resumable answer may take the whole memory divided by this; less once the memory is full. */
const MIN_PARTS = 64;
/** Limit of remembered ids: about a megabyte. */
const MAX_REMOVED = 10_000;
/** Share of the memory to keep when making room. Freeing one byte at a time would search the store at every event. */
const KEPT_SHARE = 0.9;

export class KeptAnswers<Source extends AnswerSource = AnswerSource> {
  readonly options: KeptAnswersOptions;
  /** Ended answers are in the order of their end. */
  readonly #answers = new Map<string, KeptAnswer<Source>>();
  readonly #owners = new Map<string, OwnerMemory>();
  /** Ids of removed resumable answers, oldest first. */
  readonly #removed = new Set<string>();
  #bytes = 0;

  constructor(options: KeptAnswersOptions) {
    this.options = options;
  }

  /** Memory of all answers. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Whether one more answer may run that needs this memory: the running answers of an owner may use as much as they leave free
   * for others.
   */
  hasRoom(owner: string, bytes: number): boolean {
    let [used, own] = [bytes, bytes];
    for (const answer of this.#answers.values()) {
      used += fixedBytesOf(answer);
      if (answer.owner === owner) own += fixedBytesOf(answer);
    }
    return own <= this.options.maxBytes - used;
  }

  /** @param bytes memory that it takes beside that of its events, until it is released */
  begin(source: Source, bytes = 0): KeptAnswer<Source> {
    const { isResumable = false } = this.options;
    const empty: OwnerMemory = { answers: 0, bytes: 0, fixedBytes: 0 };
    const memory = this.#owners.get(source.owner) ?? empty;
    memory.answers += 1;
    this.#owners.set(source.owner, memory);
    const log = new EventLog({
      isNumbered: isResumable,
      isReplay: source.isReplay ?? false,
      maxBytes: () => (isResumable ? this.#logLimit(memory) : Number.POSITIVE_INFINITY),
      onChange: (change) => {
        this.#add(memory, change);
        if (change > 0) this.#makeRoom();
      },
    });
    const answer: KeptAnswer<Source> = {
      ...source,
      waitStatus: () => (answer.isRunning ? source.waitStatus() : null),
      token: source.token ?? randomBytes(24).toString("base64url"),
      log,
      memory,
      readers: new Set(),
      isRunning: true,
      timer: undefined,
    };
    this.#answers.set(source.id, answer);
    this.#add(memory, bytes);
    this.#makeRoom();
    return answer;
  }

  /** Null also for an answer that the claim does not give access to. */
  find(id: string, claim: Claim): KeptAnswer<Source> | null {
    const answer = this.#answers.get(id);
    return answer && isEntitled(claim, answer) ? answer : null;
  }

  /** Whether it has this answer, or had it a while ago and removed it: it must not begin again. */
  knows(id: string): boolean {
    return this.#answers.has(id) || this.#removed.has(id);
  }

  /** Registers a reader. @returns a function to call when the reader has left */
  attach(answer: KeptAnswer<Source>): () => void {
    const reader = {};
    answer.readers.add(reader);
    this.#updateTimer(answer);
    return () => {
      answer.readers.delete(reader);
      this.#updateTimer(answer);
    };
  }

  /** A second call has no effect. @param bytes memory that it takes from now on, in addition */
  end(answer: KeptAnswer<Source>, bytes = 0): void {
    if (!answer.isRunning) return;
    answer.log.end();
    answer.isRunning = false;
    if (!this.#answers.delete(answer.id)) return; // it was removed while it ran
    this.#answers.set(answer.id, answer);
    this.#updateTimer(answer);
    this.#add(answer.memory, bytes);
    this.#makeRoom(answer);
  }

  /** Removes an answer that another server continues. @param loss what its readers get */
  leave(answer: KeptAnswer<Source>, loss: ServiceError): void {
    answer.isRunning = false; // its log does not end: the readers must not take this for its end
    answer.log.drop(loss);
    this.remove(answer);
    this.#removed.delete(answer.id);
  }

  remove(answer: KeptAnswer<Source>): void {
    clearTimeout(answer.timer);
    answer.log.drop();
    if (!this.#answers.delete(answer.id)) return;
    if (this.options.isResumable) this.#remember(answer.id);
    const { owner, memory } = answer;
    this.#add(memory, -(answer.release?.() ?? 0));
    memory.answers -= 1;
    if (memory.answers === 0) this.#owners.delete(owner);
  }

  close(): void {
    for (const answer of this.#answers.values()) this.remove(answer);
  }

  #remember(id: string): void {
    this.#removed.add(id);
    const [oldest] = this.#removed;
    if (this.#removed.size > MAX_REMOVED && oldest !== undefined) this.#removed.delete(oldest);
  }

  /** Starts the time without a reader. */
  #updateTimer(answer: KeptAnswer<Source>): void {
    clearTimeout(answer.timer);
    if (answer.readers.size > 0) return;
    answer.timer = setTimeout(() => this.#expire(answer), this.options.keepMs);
    answer.timer.unref();
  }

  #expire(answer: KeptAnswer<Source>): void {
    if (!answer.isRunning) return this.remove(answer);
    const message = `the client disconnected and did not reconnect within ${this.options.keepMs / 1000} s (--resume-grace)`;
    answer.abort(new ServiceError("aborted", message));
  }

  /**
   * Once the memory is full, each owner gets an equal share, and each of its answers an equal part of that. An answer with a
   * reader that keeps up needs no more and continues.
   */
  #logLimit({ answers }: OwnerMemory): number {
    const { maxBytes } = this.options;
    const parts = this.#bytes > maxBytes ? this.#owners.size * answers : MIN_PARTS;
    return maxBytes / Math.max(MIN_PARTS, parts);
  }

  /** Negative numbers subtract. */
  #add(memory: OwnerMemory, change: number): void {
    memory.bytes += change;
    this.#bytes += change;
  }

  /**
   * Owners above an equal share lose their own oldest data: first the events of ended answers, which take most memory, then the
   * answers. Running ones only lose their events. Of resumable answers, only ended ones without a reader are lost.
   * @param spared the answer that has just ended: its client is about to learn its id
   */
  #makeRoom(spared?: KeptAnswer<Source>): void {
    const { maxBytes, isResumable } = this.options;
    if (this.#bytes <= maxBytes) return;
    const owners = [...this.#owners.values()];
    for (const memory of owners) memory.fixedBytes = 0;
    for (const answer of this.#answers.values()) answer.memory.fixedBytes += fixedBytesOf(answer);
    const share = equalShare(owners, isResumable ? maxBytes : maxBytes * KEPT_SHARE);
    const lose = (isRunning: boolean, drop: (answer: KeptAnswer<Source>) => void) => {
      for (const answer of this.#answers.values())
        if (answer.isRunning === isRunning && answer.memory.bytes > share) drop(answer);
    };
    if (!isResumable) lose(false, ({ log }) => log.drop());
    lose(false, (answer) => {
      if (answer !== spared && !isNeeded(answer)) this.remove(answer);
    });
    if (!isResumable && this.#bytes > maxBytes) lose(true, ({ log }) => log.drop());
  }
}

function isNeeded({ isRunning, readers }: KeptAnswer): boolean {
  return isRunning || readers.size > 0;
}

function fixedBytesOf(answer: KeptAnswer): number {
  return isNeeded(answer) ? (answer.fixedBytes ?? answer.log.bytes) : 0;
}

/** Whether the claim gives access to an answer. Compares tokens in constant time. */
export function isEntitled(claim: Claim, answer: Pick<KeptAnswer, "owner" | "token">): boolean {
  if ("owner" in claim) return claim.owner === answer.owner;
  return timingSafeEqual(digest(claim.token), digest(answer.token));
}

/** Hashes to a fixed length, which `timingSafeEqual` requires. */
function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
