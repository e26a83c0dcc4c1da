// The interface of a route that asks the engine a question instead of generating, e.g. `/tokenize`. It takes no slot and
// no place in the queue. The HTTP layer calls it.

import { ServiceError } from "../errors.ts";
import type { AnswerTo, AskedQuestion } from "../generation/questions.ts";
import type { AskedRequest } from "../generation/request.ts";
import type { ParseContext, ParsedRequest, Wish } from "./dialect.ts";
import type { Contract } from "./shared/contract.ts";

export type AskEngine = <Q extends AskedQuestion>(question: Q) => Promise<AnswerTo<Q>>;

export type EndpointCall = {
  /** Model name as the client wrote it; null if it named none. */
  readonly model: string | null;
  /** See `ParsedRequest`. */
  readonly ignoredParams: readonly string[];
  /** See `ParsedRequest`; absent if there are none. */
  readonly wishes?: readonly Wish[];
  /** The request whose schemas are compiled before `answer` is called; absent if there is none. */
  readonly request?: AskedRequest;
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

/** A parsed body, for an endpoint that is about one request. */
export type AboutRequest = Pick<ParsedRequest, "requests" | "model" | "ignoredParams" | "wishes">;

type AnswerRequest = (request: AskedRequest, ask: AskEngine) => Promise<object>;

/** The call of an endpoint that takes a dialect's body. Choices differ only in their seeds, so it is about the first. */
export function callAbout(
  { requests: [request], model, ignoredParams, wishes }: AboutRequest,
  answer: AnswerRequest,
): EndpointCall {
  if (!request) throw new Error("a body makes at least one request");
  return {
    model,
    ignoredParams,
    wishes: wishes ?? [],
    request,
    answer: (ask) => answer(request, ask),
  };
}

/** The answer of an endpoint that counts the prompt tokens of a request, also of one that does not fit. */
export function countTokens(encode: (promptTokens: number) => object): AnswerRequest {
  return async (request, ask) => {
    try {
      return encode((await ask({ type: "prepare", request })).promptTokens.length);
    } catch (error) {
      if (error instanceof ServiceError && error.counts) return encode(error.counts.promptTokens);
      throw error;
    }
  };
}
