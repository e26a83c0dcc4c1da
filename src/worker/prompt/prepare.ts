// Prepares a request before it gets a slot: renders and tokenizes its prompt, and rejects requests that cannot be served.

import type { LlamaModel } from "node-llama-cpp";
import { ServiceError } from "../../errors.ts";
import type { Question } from "../../generation/questions.ts";
import type {
  CheckpointPlaces,
  GenerateRequest,
  PreparedRequest,
  Prompt,
} from "../../generation/request.ts";
import type { ModelLanguage } from "../load/model-language.ts";
import { closeReasoning, type PlanDeps, planOutput } from "../output/output-plan.ts";
import { checkTokens } from "./check-tokens.ts";
import { cutAtPlaces } from "./checkpoint-places.ts";
import type { ControlTokens } from "./control-tokens.ts";
import { type BoundDeps, estimateIfTooLong } from "./prompt-bounds.ts";
import { sizeOfPrompt } from "./question-size.ts";
import type { PromptSegment } from "./template/prompt-fence.ts";
import { renderInThread } from "./template/render-thread.ts";
import { templateError } from "./template/template-messages.ts";
import { tokenizeInSlices, tokenizer } from "./token-slices.ts";
import type { Turn } from "./turn.ts";

type PrepareQuestion = Omit<Extract<Question, { type: "prepare" }>, "type">;

export type PrepareDeps = PlanDeps &
  BoundDeps &
  Pick<ModelLanguage, "vocabularySize" | "templateProblem"> & {
    readonly model: LlamaModel;
    readonly controlTokens: Pick<ControlTokens, "tokenize" | "pattern">;
    /** Whether the model can go back only to tokens at which its state was saved. */
    readonly needsCheckpoints: boolean;
  };

/** Longer prompts are rendered in a thread: these take a few milliseconds, and starting a thread takes 50. */
const INLINE_MESSAGES = 100;
const INLINE_CHARS = 200_000;

/** @throws ServiceError 4xx, or the turn's reason to abort */
export async function prepare(
  { request, isTrial = false }: PrepareQuestion,
  deps: PrepareDeps,
  turn: Turn,
): Promise<PreparedRequest> {
  const { prompt, maxTokens, grammar, ...rest } = request;
  checkTokenIds(request, deps.vocabularySize);
  const estimate = await estimateIfTooLong({ prompt, isTrial }, deps, turn);
  if (estimate !== null) throw tooLong(prompt, { tokens: estimate, isEstimate: true }, deps);
  const needsPlaces = deps.needsCheckpoints && request.reusePrefix;
  const { tokens, text, places } = await promptTokens(prompt, { ...deps, needsPlaces }, turn);
  const planned = planOutput({ prompt, promptText: text, grammar }, deps);
  const { tokens: closing, output } = closeReasoning(planned, deps);
  const all = [...tokens, ...closing];
  const room = deps.contextTokens - all.length;
  if (room < 1) throw tooLong(prompt, { tokens: all.length, isEstimate: false }, deps);
  return {
    ...rest,
    promptTokens: Uint32Array.from(all),
    maxTokens: Math.min(maxTokens ?? room, room),
    output,
    checkpoints: needsPlaces ? places : null,
  };
}

/** A token id outside the vocabulary would fail the whole batch, including other streams. */
function checkTokenIds({ prompt, sampling }: GenerateRequest, vocabularySize: number): void {
  const biased = sampling.logitBias.map(([token]) => token);
  checkTokens(biased, vocabularySize, { field: "logitBias" });
  if (prompt.type === "tokens") checkTokens(prompt.tokens, vocabularySize, { field: "prompt" });
}

type ReadDeps = PrepareDeps & {
  /** Whether to look for the places of checkpoints. */
  readonly needsPlaces?: boolean;
};

type ReadPrompt = {
  readonly tokens: readonly number[];
  /** Empty unless it was rendered. */
  readonly text: string;
  readonly places: CheckpointPlaces;
};

/** @returns the prompt's tokens, and its rendered text if it has one */
export async function promptTokens(
  prompt: Prompt,
  deps: ReadDeps,
  turn: Turn,
): Promise<ReadPrompt> {
  const { tokens, text = "", places } = await readPrompt(prompt, deps, turn);
  const { bos, eos } = deps.model.tokens;
  // Generation needs at least one token, even for an empty prompt.
  const all = tokens.length > 0 ? tokens : [bos ?? eos ?? 0];
  // The last token is read after all checkpoints, because its logits are needed.
  return { tokens: all, text, places: places ?? { system: 0, turn: all.length - 1 } };
}

async function readPrompt(
  prompt: Prompt,
  deps: ReadDeps,
  turn: Turn,
): Promise<Pick<ReadPrompt, "tokens"> & Partial<ReadPrompt>> {
  if (prompt.type === "tokens") return { tokens: prompt.tokens };
  if (prompt.type === "infill") return { tokens: await infillTokens(prompt, deps.model, turn) };
  const segments = await promptSegments(prompt, deps, turn);
  const parts = await partsOf(prompt, segments, deps, turn);
  const tokens: number[] = [];
  const ends: number[] = [];
  for (const part of parts) {
    for (const segment of part) {
      const isFirst = tokens.length === 0;
      for (const token of await segmentTokens(segment, { ...deps, isFirst }, turn))
        tokens.push(token);
      await turn.pause();
    }
    ends.push(tokens.length);
  }
  const text = segments.map((segment) => segment.text).join("");
  const all = withBeginning(tokens, deps.model);
  if (parts.length === 1) return { tokens: all, text };
  const [system = 0, end = 0] = ends.map((place) => place + all.length - tokens.length);
  return { tokens: all, text, places: { system, turn: end } };
}

/** @returns the segments of the prompt, cut at the places of checkpoints if those are needed and can be found */
async function partsOf(
  prompt: Extract<Prompt, { type: "messages" | "text" }>,
  segments: readonly PromptSegment[],
  deps: ReadDeps,
  turn: Turn,
): Promise<readonly (readonly PromptSegment[])[]> {
  const { pattern } = deps.controlTokens;
  if (!deps.needsPlaces || prompt.type !== "messages" || pattern === null) return [segments];
  const render = (other: typeof prompt) => promptSegments(other, deps, turn);
  return await cutAtPlaces(prompt, segments, { render, controlTokens: pattern });
}

/** The order is prefix, suffix, middle, as in llama.cpp. */
async function infillTokens(
  { prefix, suffix }: Extract<Prompt, { type: "infill" }>,
  model: LlamaModel,
  turn: Turn,
) {
  const { infill } = model.tokens;
  if (infill.prefix === null || infill.suffix === null || infill.middle === null) {
    const message = "suffix is not supported by this model: it has no fill-in-the-middle tokens";
    throw new ServiceError("unsupported_parameter", message, { field: "suffix" });
  }
  const read = tokenizer(model, false, false);
  const before = await tokenizeInSlices(prefix, read, turn);
  const after = await tokenizeInSlices(suffix, read, turn);
  return withBeginning([infill.prefix, ...before, infill.suffix, ...after, infill.middle], model);
}

async function promptSegments(
  prompt: Extract<Prompt, { type: "messages" | "text" }>,
  { template, templateProblem }: Pick<PrepareDeps, "template" | "templateProblem">,
  turn: Turn,
): Promise<readonly PromptSegment[]> {
  if (prompt.type === "text") return [{ text: prompt.text, isLiteral: false }];
  if (!template)
    throw templateError(
      templateProblem === null
        ? "this model has no chat template, so it cannot read messages; use /v1/completions"
        : `the model's chat template cannot be read: ${templateProblem}; use /v1/completions`,
    );
  const isLong = prompt.messages.length > INLINE_MESSAGES || sizeOfPrompt(prompt) > INLINE_CHARS;
  if (!isLong) return template.render(prompt);
  const { options, findings } = template;
  return await turn.wait(renderInThread({ options, findings, prompt }, turn.signal));
}

/** Some tokenizers put a space before the text. That is right only at the very start of the prompt. */
async function segmentTokens(
  { text, isLiteral }: PromptSegment,
  { model, controlTokens, isFirst }: PrepareDeps & { readonly isFirst: boolean },
  turn: Turn,
): Promise<readonly number[]> {
  const begin = (first: string, readsControlTokens: boolean) =>
    tokenizeInSlices(first, tokenizer(model, readsControlTokens, isFirst), turn);
  return isLiteral ? begin(text, false) : controlTokens.tokenize(text, begin, turn);
}

/** Adds the token that begins every text of this model, if it has one and the tokens lack it. */
export function withBeginning(tokens: readonly number[], model: LlamaModel): readonly number[] {
  const { bos, shouldPrependBosToken } = model.tokens;
  const isMissing = shouldPrependBosToken && bos !== null && tokens[0] !== bos;
  return isMissing ? [bos, ...tokens] : tokens;
}

function tooLong(
  prompt: Prompt,
  { tokens, isEstimate }: { readonly tokens: number; readonly isEstimate: boolean },
  { contextTokens }: Pick<PrepareDeps, "contextTokens">,
): ServiceError {
  return new ServiceError(
    "context_length_exceeded",
    `the prompt has ${isEstimate ? "about " : ""}${tokens} tokens, but the context holds ${contextTokens} tokens, ` +
      "at least one of them for the answer; shorten the prompt or start the server with a larger --context",
    {
      field: prompt.type === "messages" ? "messages" : "prompt",
      counts: { promptTokens: tokens, contextTokens },
    },
  );
}
