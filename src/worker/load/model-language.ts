// Everything that depends on a model's vocabulary and chat template: used to prepare prompts and to read answers.

import type { Llama, LlamaModel, Token } from "node-llama-cpp";
import type { ModelInfo } from "../../generation/model-info.ts";
import { JSON_SYNTAX } from "../../generation/syntax.ts";
import { Grammars } from "../output/grammars.ts";
import {
  findReasoningFormat,
  type ReasoningFormat,
  reasoningInstruction,
} from "../output/reasoning-formats.ts";
import { ControlTokens } from "../prompt/control-tokens.ts";
import { leastMessageTokens, type TokenBounds } from "../prompt/prompt-bounds.ts";
import { ChatTemplate } from "../prompt/template/chat-template.ts";

export type ModelLanguage = TokenBounds & {
  readonly grammars: Grammars;
  /** Null when the GGUF has none, or none that can be read. */
  readonly template: ChatTemplate | null;
  /** Why the GGUF's template cannot be read, with the line; null if it can be, or there is none. */
  readonly templateProblem: string | null;
  /** Null for a model without reasoning. */
  readonly reasoningFormat: ReasoningFormat | null;
  readonly controlTokens: ControlTokens;
  /** Number of tokens in the vocabulary. */
  readonly vocabularySize: number;
};

type Log = (level: "warn" | "error", message: string) => void;

export function modelLanguage(llama: Llama, model: LlamaModel, log: Log): ModelLanguage {
  const vocabulary = [...model.iterateAllTokens()];
  const controlTokens = new ControlTokens(model, vocabulary);
  const { template, problem } = readTemplate(model, [...controlTokens.ids.keys()], log);
  const reasoningFormat = template
    ? findReasoningFormat(template.source, (text) => model.tokenize(text, true).length === 1)
    : null;
  return {
    grammars: new Grammars(llama, model),
    template,
    templateProblem: problem,
    reasoningFormat,
    controlTokens,
    vocabularySize: vocabulary.length,
    longestTokenChars: longestText(vocabulary, model),
    messageTokens: leastMessageTokens(template, (text) => model.tokenize(text, true)),
  };
}

/** Facts about the language, for the model endpoints. */
export function languageFacts({ template, reasoningFormat, vocabularySize }: ModelLanguage) {
  return {
    chatTemplate: template?.source ?? null,
    templateTraits: template?.traits ?? null,
    toolFormat: template?.toolFormat.name ?? null,
    argumentSyntax: template?.toolFormat.syntax ?? JSON_SYNTAX,
    reasoningFormat: reasoningFormat?.name ?? null,
    canSwitchReasoning: template?.canSwitchReasoning ?? false,
    vocabularySize,
  } satisfies Partial<ModelInfo>;
}

function readTemplate(
  model: LlamaModel,
  controlTexts: readonly string[],
  log: Log,
): { readonly template: ChatTemplate | null; readonly problem: string | null } {
  const source = model.fileInfo.metadata.tokenizer?.chat_template;
  if (!source) return { template: null, problem: null };
  try {
    const template = new ChatTemplate({
      source,
      controlTexts,
      bosText: model.tokens.bosString,
      eosText: model.tokens.eosString,
      reasoningInstruction: reasoningInstruction(model.fileInfo.metadata.general?.name ?? ""),
    });
    return { template, problem: null };
  } catch (error) {
    const problem = (error as Error).message;
    log(
      "warn",
      `chat is unavailable, because the model's chat template cannot be read: ${problem}`,
    );
    return { template: null, problem };
  }
}

function longestText(vocabulary: readonly Token[], model: LlamaModel): number {
  let longest = 1;
  for (const token of vocabulary)
    longest = Math.max(longest, model.detokenize([token], true).length);
  return longest;
}
