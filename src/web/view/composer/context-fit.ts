// Whether the next message fits the model's context, before it is sent.

import { count } from "../format.ts";
import type { TokenAmount } from "./use-file-tokens.ts";

export type NextMessage = {
  readonly contextTokens: number;
  /** Tokens of the conversation so far. */
  readonly usedTokens: number;
  readonly text: TokenAmount;
  readonly files: readonly (TokenAmount & { readonly name: string })[];
};

/** What is wrong; null if it fits. */
export function fitProblem({ contextTokens, usedTokens, text, files }: NextMessage): string | null {
  const parts = [text, ...files];
  const needed = parts.reduce((sum, { tokens }) => sum + tokens, usedTokens);
  const over = needed - contextTokens;
  if (over <= 0) return null;
  const about = parts.some(({ isEstimate }) => isEstimate) ? "about " : "";
  const [largest] = files.toSorted((one, other) => other.tokens - one.tokens);
  const history = usedTokens > 0 ? ` and the ${count(usedTokens)} of this chat` : "";
  const fact = `This message does not fit the model's context of ${count(contextTokens)} tokens: with its ${about}${count(needed - usedTokens)} tokens${history} it is ${about}${count(over)} over.`;
  return largest
    ? `${fact} The largest file is “${largest.name}” (${count(largest.tokens)}).`
    : fact;
}
