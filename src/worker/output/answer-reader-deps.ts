// The functions of the loaded model that an AnswerReader needs.

import type { LlamaModel } from "node-llama-cpp";
import type { OutputPlan } from "../../generation/request.ts";
import type { ControlTokens } from "../prompt/control-tokens.ts";
import type { AnswerReaderOptions } from "./answer-reader.ts";
import type { Grammars } from "./grammars.ts";
import { reasoningFormatNamed } from "./reasoning-formats.ts";

export type AnswerReaderDeps = Pick<
  AnswerReaderOptions,
  "detokenize" | "controlTokens" | "grammars"
> & {
  /** Tokens that end the reasoning when its budget is used up. */
  readonly reasoningEnding: readonly number[];
};

type ReadingModel = {
  readonly model: LlamaModel;
  readonly grammars: Grammars;
  readonly controlTokens: Pick<ControlTokens, "ids">;
};

export function answerReaderDeps(
  { model, grammars, controlTokens }: ReadingModel,
  { reasoningFormat, reasoningBudgetTokens }: OutputPlan,
): AnswerReaderDeps {
  return {
    detokenize: (tokens, before) => model.detokenize(tokens as never, false, before as never),
    controlTokens: (texts) => {
      const entries = texts.flatMap((text): [number, string][] => {
        const id = controlTokens.ids.get(text);
        return id === undefined ? [] : [[id, text]];
      });
      return new Map(entries);
    },
    grammars,
    reasoningEnding:
      reasoningFormat === null || reasoningBudgetTokens === null
        ? []
        : model.tokenize(reasoningFormatNamed(reasoningFormat).ending, true),
  };
}
