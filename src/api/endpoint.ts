// The interface of a route that only asks the engine: no slot, no place in the queue, one body as the answer.

import type { AnswerTo, AskedQuestion } from "../generation/questions.ts";
import type { AskedRequest } from "../generation/request.ts";
import type { ParseContext } from "./dialect.ts";
import type { Contract } from "./shared/contract.ts";

export type AskEngine = <Q extends AskedQuestion>(question: Q) => Promise<AnswerTo<Q>>;

export type EndpointCall = {
  /** As the client wrote it; null when it named none. */
  readonly model: string | null;
  /** As in a `ParsedRequest`. */
  readonly ignoredParams: readonly string[];
  /** Its schemas are compiled before anything is asked; null where there is no request to ask about. */
  readonly request: AskedRequest | null;
  /** @returns the body. @throws ServiceError as the engine does */
  readonly answer: (ask: AskEngine) => Promise<object>;
};

export interface Endpoint {
  /** e.g. `/tokenize`. */
  readonly path: string;
  readonly contract: Contract;
  /** @throws ServiceError 400, naming the field */
  parse(body: unknown, context: ParseContext): EndpointCall;
}
