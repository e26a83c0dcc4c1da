// Why the prefix cache did not have tokens of a prompt although an earlier prompt had them: found by src/cache-misses/, told to
// the client, logged and counted.

/** What a change can be in. A prompt is compared in this order. */
export const PROMPT_PARTS = ["system", "tools", "messages"] as const;
type PromptPart = (typeof PROMPT_PARTS)[number];

/** The first difference between two conversations. */
export type PromptChange = {
  readonly part: PromptPart;
  /** For `messages`: the position of the message, counted from 0 after the system prompt. Otherwise null. */
  readonly message: number | null;
};

/**
 * `prefix_changed`: the conversation differs from an earlier one before a part that both have. `template`: the conversation
 * is the same, but the chat template renders it differently. `model`: the earlier prompt was another model's. `evicted`: the
 * tokens were computed before, but are not in the cache any more.
 */
export const MISS_REASONS = ["prefix_changed", "template", "model", "evicted"] as const;
type MissReason = (typeof MISS_REASONS)[number];

export type CacheMiss<R extends string = MissReason> = {
  readonly reason: R;
  /** About how many tokens would have come from the cache otherwise. */
  readonly missedTokens: number;
  /** Tokens at the start that equal those of the earlier prompt, rounded down to whole blocks. */
  readonly sharedTokens: number;
  /** For `prefix_changed`; otherwise null. */
  readonly change: PromptChange | null;
};

/**
 * A miss as the operator sees it. `scope`: only another key has sent this prefix. A client must not learn that, because it
 * would learn what other keys have sent.
 */
export type LoggedMiss = CacheMiss<MissReason | "scope">;

export type MissDiagnosis = {
  /** What the client may know; null for no miss. */
  readonly told: CacheMiss | null;
  readonly logged: LoggedMiss | null;
};

/** A prompt compared with that of an earlier answer which the client names. */
export type PromptComparison =
  /** `unavailable`: the conversations are the same, but their prompts are not, or they cannot be compared. */
  | { readonly type: "same" | "not-found" | "unavailable" }
  | {
      readonly type: "changed";
      readonly what: "model" | PromptPart;
      readonly missedTokens: number;
      readonly sharedTokens: number;
    };

/** `system`, `tools` or e.g. `messages[3]`. */
export function placeOfChange({ part, message }: PromptChange): string {
  return message === null ? part : `${part}[${message}]`;
}
