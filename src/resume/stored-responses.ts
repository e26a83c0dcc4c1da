// Responses kept so that clients can read them later, continue from them, and follow or stop running ones: kept answers, with
// a state and a turn of a conversation. Only its owner can access a response.

import { ServiceError } from "../errors.ts";
import { type Deferred, deferred } from "../generation/deferred.ts";
import {
  bytesUpTo,
  type ConversationTurn,
  createTurn,
  inputItemsOf,
  releaseTurn,
  weightOf,
} from "./conversation.ts";
import { EventLog, type LoggedEvent } from "./event-log.ts";
import {
  type AnswerSource,
  type KeptAnswer,
  KeptAnswers,
  type KeptAnswersOptions,
} from "./kept-answers.ts";

/** The origin and content of a response. The content must not change after its end. */
export type ResponseSource = AnswerSource & {
  /** The response it continues from; null for none. */
  readonly previousId: string | null;
  /** Input of this request, without earlier turns. */
  readonly input: readonly object[];
  /** The response in its current state. */
  readonly state: () => object;
  /** The answer so far, as input of the next turn. */
  readonly output: () => readonly object[];
  /** After the end: rebuilds the events of a response whose log has none. */
  readonly replay: () => readonly LoggedEvent[];
};

type StoredSource = ResponseSource & {
  readonly turn: ConversationTurn;
  /** Resolves when the response has ended. */
  readonly hasEnded: Deferred<void>;
  /** Why no request can continue from this response; null if one can. */
  closed: string | null;
  /** Memory beside that of its events and its turn. */
  bytes: number;
  /** Call once: starts the time to live. @param closed why no request can continue from it; null if one can */
  readonly end: (closed: string | null) => void;
};

export type KeptResponse = KeptAnswer<StoredSource>;

/** Memory of a response in addition to its texts. */
const RESPONSE_BYTES = 1_024;

export class StoredResponses {
  readonly answers: KeptAnswers<StoredSource>;

  /** @param options `maxBytes: 0` keeps none */
  constructor(options: KeptAnswersOptions) {
    this.answers = new KeptAnswers(options);
  }

  get isOpen(): boolean {
    return this.answers.options.maxBytes > 0;
  }

  /**
   * @returns null if running responses leave no room
   * @throws ServiceError like `conversation()`, if the previous response has been removed in the meantime
   */
  begin(source: ResponseSource): KeptResponse | null {
    const { owner, previousId, input } = source;
    const before = previousId === null ? null : this.#findFinished(previousId, owner).turn;
    const fixedBytes = RESPONSE_BYTES + weightOf(input) + bytesUpTo(before);
    if (!this.answers.hasRoom(owner, fixedBytes)) return null;
    const turn = createTurn(before, input);
    const stored: StoredSource = {
      ...source,
      turn,
      hasEnded: deferred(),
      closed: "it is still running",
      bytes: RESPONSE_BYTES,
      fixedBytes,
      end: (closed) => this.#end(response, closed),
      release: () => response.bytes + releaseTurn(turn),
    };
    const response = this.answers.begin(stored, RESPONSE_BYTES + turn.bytes);
    return response;
  }

  /** @throws ServiceError `not_found` */
  get(id: string, owner: string): KeptResponse {
    const response = this.answers.find(id, { owner });
    if (response) return response;
    throw new ServiceError("not_found", this.#describeMissing(id));
  }

  /**
   * All conversation items up to the end of a response.
   * @throws ServiceError 400 if the response does not exist, is still running, or failed
   */
  conversation(id: string, owner: string): readonly object[] {
    const { turn } = this.#findFinished(id, owner);
    return [...inputItemsOf(turn), ...turn.output];
  }

  /** Deletes a response, stopping it if it is running. @throws ServiceError `not_found` */
  delete(id: string, owner: string): void {
    const response = this.get(id, owner);
    this.answers.remove(response);
    if (response.isRunning)
      response.abort(new ServiceError("cancelled", "the response was deleted"));
  }

  #findFinished(id: string, owner: string): KeptResponse {
    const field = "previousId";
    const response = this.answers.find(id, { owner });
    if (!response)
      throw new ServiceError("previous_response_not_found", this.#describeMissing(id), { field });
    if (response.closed === null) return response;
    const message = `cannot continue from ${id}: ${response.closed}`;
    throw new ServiceError("invalid_value", message, { field });
  }

  #describeMissing(id: string): string {
    const { keepMs } = this.answers.options;
    const why = this.isOpen
      ? `responses are kept for ${keepMs / 1000} s (--response-ttl) and are lost on restart`
      : "this server keeps no responses (--response-store 0)";
    return `there is no response ${JSON.stringify(id.slice(0, 100))}: ${why}`;
  }

  #end(response: KeptResponse, closed: string | null): void {
    const { turn, log } = response;
    const copies = log.isEmpty ? 2 : 1; // rebuilt events are made of the same texts
    const bytes = copies * weightOf(response.state());
    turn.output = response.output();
    const outputBytes = weightOf(turn.output);
    turn.bytes += outputBytes;
    response.bytes += bytes - outputBytes; // the state contains the output
    response.closed = closed;
    this.answers.end(response, bytes);
    response.hasEnded.resolve();
  }
}

/** Returns the log of the response, rebuilt if its events were not logged. */
export function eventsOf({ isRunning, log, replay }: KeptResponse): EventLog {
  if (isRunning || !log.isEmpty) return log;
  const replayed = new EventLog();
  replayed.append(replay());
  replayed.end();
  return replayed;
}
