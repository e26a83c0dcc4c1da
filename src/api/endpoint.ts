// The interface of a route that asks the engine a question instead of generating, e.g. `/tokenize`. It takes no slot and
// no place in the queue. The HTTP layer calls it.

import type { AnswerTo, AskedQuestion } from "../generation/questions.ts";
import type { AskedRequest } from "../generation/request.ts";
import type { ParseContext } from "./dialect.ts";
import type { Contract } from "./shared/contract.ts";

export type AskEngine = <Q extends AskedQuestion>(question: Q) => Promise<AnswerTo<Q>>;

export type EndpointCall = {
  /** Model name as the client wrote it; null if it named none. */
  readonly model: string | null;
  /** See `ParsedRequest`. */
  readonly ignoredParams: readonly string[];
  /** The request whose schemas are compiled before `answer` is called; null if there is none. */
  readonly request: AskedRequest | null;
  /** @returns the body. @throws ServiceError from the engine */
  readonly answer: (ask: AskEngine) => Promise<object>;
};

export interface Endpoint {
  /** e.g. `/tokenize`. */
  readonly path: string;
  readonly contract: Contract;
  /** @throws ServiceError 400, naming the field */
  parse(body: unknown, context: ParseContext): EndpointCall;
}

/** The answer of an endpoint that counts the prompt tokens of a request. */
export function countTokens(
  request: AskedRequest,
  encode: (promptTokens: number) => object,
): EndpointCall["answer"] {
  return async (ask) => encode((await ask({ type: "prepare", request })).promptTokens.length);
}
