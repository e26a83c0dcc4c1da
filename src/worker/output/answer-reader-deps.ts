// What an answer's reader needs of the loaded model.

import type { LlamaModel } from "node-llama-cpp";
import type { OutputPlan } from "../../generation/request.ts";
import type { ControlTokens } from "../prompt/control-tokens.ts";
import type { WorkerRunOptions } from "../step/run.ts";
import type { Grammars } from "./grammars.ts";
import { reasoningFormatNamed } from "./reasoning-formats.ts";

export type ReadingModel = {
  readonly model: LlamaModel;
  readonly grammars: Grammars;
  /** Ids of the vocabulary's tokens that the tokenizer takes for control, by their texts. */
  readonly controlTokens: Pick<ControlTokens, "ids">;
};

export function answerReaderDeps(
  { model, grammars, controlTokens }: ReadingModel,
  { reasoningFormat, reasoningBudgetTokens }: OutputPlan,
): Omit<WorkerRunOptions, "id" | "request" | "cacheScope" | "creditBytes"> {
  return {
    detokenize: (tokens, before) => model.detokenize(tokens as never, false, before as never),
    controlTokens: (texts) => {
      const entries = texts.flatMap((text): [number, string][] => {
        const id = controlTokens.ids.get(text);
        return id === undefined ? [] : [[id, text]];
      });
      return new Map(entries);
    },
    grammars: {
      begin: (text) => grammars.begin(text),
      feed: (state, tokens) => grammars.feed(state, tokens),
    },
    reasoningEnding:
      reasoningFormat === null || reasoningBudgetTokens === null
        ? []
        : model.tokenize(reasoningFormatNamed(reasoningFormat).ending, true),
  };
}
