// The facts that a dialect needs to parse a body: the server's defaults, stored conversations.

import { randomInt } from "node:crypto";
import type { ParseContext } from "../../api/dialect.ts";
import { SEEDS } from "../../generation/request.ts";
import type { StoredResponses } from "../../resume/stored-responses.ts";

export type DefaultsDeps = {
  readonly maxTokens: number | undefined;
  readonly allowGrammar: boolean;
};

export type ParseDeps = DefaultsDeps & {
  readonly responses: Pick<StoredResponses, "isOpen" | "conversation">;
};

/** For a request of no particular caller, which cannot continue a stored response. */
export function defaultContext({ maxTokens, allowGrammar }: DefaultsDeps): ParseContext {
  return {
    defaultMaxTokens: maxTokens ?? null,
    allowsGrammar: allowGrammar,
    randomSeed: () => randomInt(SEEDS),
  };
}

/** @param owner the request may continue this owner's stored responses */
export function parseContext(deps: ParseDeps, owner: string): ParseContext {
  const { responses } = deps;
  if (!responses.isOpen) return defaultContext(deps);
  const conversation = (id: string) => responses.conversation(id, owner);
  return { ...defaultContext(deps), conversation };
}
