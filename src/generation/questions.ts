// Questions that the engine answers without a slot: preparing a request, tokenizing, detokenizing, rendering a prompt. The
// embedding worker and the worker that describes a model have their own.

import type { EmbeddingRequest, PreparedInput, PreparedInputs } from "./embedding.ts";
import type { MemoryReport } from "./memory-use.ts";
import type {
  AskedPrompt,
  AskedRequest,
  GenerateRequest,
  PreparedRequest,
  Prompt,
} from "./request.ts";

export type TokenPiece = {
  readonly id: number;
  /** U+FFFD replaces bytes that are not a whole character. */
  readonly text: string;
  readonly bytes: readonly number[];
};

export type Question =
  | {
      readonly type: "prepare";
      readonly request: GenerateRequest;
      /** Whether a shorter form is tried if it does not fit. The tokens of a long prompt are then not counted. */
      readonly isTrial?: boolean;
    }
  | {
      readonly type: "tokenize";
      readonly text: string;
      /** Whether to add the token that begins every text of this model. */
      readonly addsBeginning: boolean;
      /** Whether to parse the texts of control tokens as control tokens. */
      readonly readsControlTokens: boolean;
    }
  | { readonly type: "detokenize"; readonly tokens: readonly number[] }
  /** Renders the prompt as the model reads it. */
  | { readonly type: "render"; readonly prompt: Prompt };

/** A question to the embedding worker. */
export type EmbeddingQuestion =
  | { readonly type: "prepare-inputs"; readonly request: EmbeddingRequest }
  | { readonly type: "compute-input"; readonly input: PreparedInput };

/** A question to the worker that describes a model. */
export type DescribeQuestion = { readonly type: "report-memory" };

export type AnyQuestion = Question | EmbeddingQuestion | DescribeQuestion;

/** A question as a dialect makes it, with schemas that have not been compiled. */
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

type EmbeddingAnswers = {
  readonly "prepare-inputs": PreparedInputs;
  /** A vector, or one number: the rerank score of a document. */
  readonly "compute-input": Float64Array;
};

type DescribeAnswers = { readonly "report-memory": MemoryReport };

export type AnswerTo<Q extends AnyQuestion | AskedQuestion> = (Answers &
  EmbeddingAnswers &
  DescribeAnswers)[Q["type"]];
