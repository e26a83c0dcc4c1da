// What the engine answers without a slot: preparing a request, and the tokenizer's and the template's own work.

import type {
  AskedPrompt,
  AskedRequest,
  GenerateRequest,
  PreparedRequest,
  Prompt,
} from "./request.ts";

export type TokenPiece = {
  readonly id: number;
  /** U+FFFD stands for bytes that are no whole character. */
  readonly text: string;
  readonly bytes: readonly number[];
};

export type Question =
  | { readonly type: "prepare"; readonly request: GenerateRequest }
  | {
      readonly type: "tokenize";
      readonly text: string;
      /** Whether a token that begins every text of this model is added. */
      readonly addsBeginning: boolean;
      /** Whether the texts of control tokens are read as such. */
      readonly readsControlTokens: boolean;
    }
  | { readonly type: "detokenize"; readonly tokens: readonly number[] }
  /** The prompt as the model reads it. */
  | { readonly type: "render"; readonly prompt: Prompt };

/** A question as a dialect asks it: the schemas in it have not been compiled. */
export type AskedQuestion =
  | Exclude<Question, { readonly type: "prepare" | "render" }>
  | { readonly type: "prepare"; readonly request: AskedRequest }
  | { readonly type: "render"; readonly prompt: AskedPrompt };

export type Answers = {
  readonly prepare: PreparedRequest;
  readonly tokenize: readonly TokenPiece[];
  readonly detokenize: string;
  readonly render: { readonly text: string; readonly tokens: number };
};

export type AnswerTo<Q extends Question | AskedQuestion> = Answers[Q["type"]];
