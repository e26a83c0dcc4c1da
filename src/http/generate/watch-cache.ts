// Compares the prompts of one request with earlier ones: before the answer with the one that the client names, and once a prompt
// is read with all, to find out why it missed the cache.

import type { Response } from "express";
import type { ParsedRequest } from "../../api/dialect.ts";
import { NO_MISS } from "../../cache-misses/diagnose.ts";
import type { PromptHistory } from "../../cache-misses/prompt-history.ts";
import type { PromptPrint } from "../../cache-misses/prompt-print.ts";
import type { MissDiagnosis, PromptComparison } from "../../generation/cache-miss.ts";
import type { ModelInfo } from "../../generation/model-info.ts";
import type { PreparedRequest, Prompt } from "../../generation/request.ts";
import { ownerOf } from "../server/response-locals.ts";

export type CacheDeps = {
  readonly history: PromptHistory;
  /** Whether all API keys share one prefix cache. */
  readonly sharedCache: boolean;
};

export type CacheWatchOptions = {
  /** Id of the answer. */
  readonly id: string;
  readonly res: Response;
  readonly model: ModelInfo | null;
  readonly parsed: ParsedRequest;
  /** One for each choice, as the next. */
  readonly prepared: readonly PreparedRequest[];
  readonly prompts: readonly Prompt[];
};

export type CacheWatch = {
  /** Absent if the client names no earlier answer. */
  readonly comparison?: PromptComparison;
  /** Call once for each choice when its prompt is read. @returns null for a choice whose prompt is that of another one */
  readonly read: (choice: number, cachedTokens: number) => MissDiagnosis | null;
};

export function watchCache(
  { id, res, parsed, prepared, prompts, ...options }: CacheWatchOptions,
  { history, sharedCache }: CacheDeps,
): CacheWatch {
  const { choicesPerPrompt, comparesWith } = parsed;
  const owner = ownerOf(res);
  const cacheScope = scopeOf(res, sharedCache);
  const model = fingerprintOf(options.model);
  const isFirst = (choice: number) => choice % choicesPerPrompt === 0;
  const prints = prepared.map((each, choice) => {
    const prompt = prompts[choice];
    if (!prompt || !isFirst(choice) || !usesCache(each)) return null;
    return history.printOf({ prompt, promptTokens: each.promptTokens, model });
  });
  const compared = (print: PromptPrint | null | undefined, earlier: string): PromptComparison =>
    print ? history.compareWith(earlier, print, owner) : { type: "unavailable" };
  return {
    ...(comparesWith ? { comparison: compared(prints[0], comparesWith) } : {}),
    read: (choice, cachedTokens) => {
      if (!isFirst(choice)) return null;
      const print = prints[choice];
      if (!print) return NO_MISS;
      const sender = { owner, cacheScope };
      const diagnosis = history.diagnose(print, { ...sender, cachedTokens });
      history.remember(choice === 0 ? id : `${id}/${choice}`, { ...sender, print });
      return diagnosis;
    },
  };
}

/** Requests of one scope share the prefix cache. */
export function scopeOf(res: Response, sharedCache: boolean): string {
  return sharedCache ? "" : ownerOf(res);
}

function usesCache({ reusePrefix, logprobs }: PreparedRequest): boolean {
  return reusePrefix && !logprobs?.includesPrompt;
}

/** What tells one model from another that is loaded later in its place. */
function fingerprintOf(model: ModelInfo | null): string {
  if (!model) return "";
  const { name, family, parameters, quantization, modelBytes, vocabularySize } = model;
  return JSON.stringify([name, family, parameters, quantization, modelBytes, vocabularySize]);
}
