// The print of a prompt: hashes and counts from which two prompts can be compared, and from which no text can be read. The seed
// is random for each process, so that a text cannot be guessed from its hash either.

import { hash } from "node:crypto";
import type { PromptChange } from "../generation/cache-miss.ts";
import { prefixHashes } from "../generation/prefix-hashes.ts";
import type { PreparedRequest, Prompt } from "../generation/request.ts";

export type PromptPrint = {
  /** Identifies the model that read it. */
  readonly model: string;
  /** Number of tokens. */
  readonly tokens: number;
  /** Hashes of its prefixes, in whole blocks. */
  readonly blocks: readonly string[];
  /** Its system prompt line by line, its tools and its messages; empty for a prompt without a conversation. */
  readonly parts: readonly PrintedPart[];
};

export type PrintedPart = PromptChange & { readonly hash: string; readonly chars: number };

export type PrintOptions = Pick<PreparedRequest, "promptTokens"> & {
  readonly prompt: Prompt;
  readonly model: string;
  readonly seed: string;
};

/** The rest of a longer system prompt is one part. */
const MAX_SYSTEM_LINES = 500;
/** Bytes of a part's hash that are kept: 16 characters in base64. */
const KEPT_BYTES = 12;

export function printOf({ prompt, promptTokens, model, seed }: PrintOptions): PromptPrint {
  return {
    model,
    tokens: promptTokens.length,
    blocks: prefixHashes(promptTokens, seed),
    parts: partsOf(prompt).map(({ text, ...change }) => ({
      ...change,
      hash: hash("sha256", `${seed} ${change.part} ${text}`, "buffer").toString(
        "base64",
        0,
        KEPT_BYTES,
      ),
      chars: text.length,
    })),
  };
}

type TextPart = PromptChange & { readonly text: string };

function partsOf(prompt: Prompt): readonly TextPart[] {
  if (prompt.type !== "messages") return [];
  const { messages, tools } = prompt;
  const first = messages.findIndex(({ role }) => role !== "system");
  const begin = first < 0 ? messages.length : first;
  const system = messages.slice(0, begin).map(({ content }) => content);
  const lines = system.length > 0 ? system.join("\n").split("\n") : [];
  return [
    ...joinedAfter(MAX_SYSTEM_LINES, lines).map((text) => part("system", null, text)),
    ...(tools?.tools ?? []).map(({ definition }) =>
      part("tools", null, JSON.stringify(definition)),
    ),
    ...messages
      .slice(begin)
      .map((message, index) => part("messages", index, JSON.stringify(message))),
  ];
}

function part(name: PromptChange["part"], message: number | null, text: string): TextPart {
  return { part: name, message, text };
}

function joinedAfter(count: number, lines: readonly string[]): readonly string[] {
  if (lines.length <= count) return lines;
  return [...lines.slice(0, count), lines.slice(count).join("\n")];
}

/** @returns the index of the first part that differs, or the length of the shorter list */
export function firstDifference(
  some: readonly PrintedPart[],
  others: readonly PrintedPart[],
): number {
  const end = Math.min(some.length, others.length);
  for (let index = 0; index < end; index++)
    if (some[index]?.hash !== others[index]?.hash) return index;
  return end;
}
