// Encoder of Gemini's answers: candidates made of parts. Each chunk of a stream is an answer that holds the new parts.
// https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse

import type { Choice } from "../../generation/choice.ts";
import type {
  Delta,
  Ending,
  PositionLogprobs,
  Receipt,
  TokenLogprob,
  Usage,
} from "../../generation/events.ts";
import type { AnswerEncoder, AnswerIdentity, Frame } from "../dialect.ts";
import { finite } from "../openai/logprobs.ts";
import { jsonFrame, textFrames } from "../shared/frames.ts";
import { type WholeCall, WholeCalls } from "../shared/tool-calls.ts";
import type {
  GeminiAnswer,
  GeminiCandidate,
  GeminiLogprobs,
  GeminiPart,
  GeminiTokenLogprob,
  GeminiUsage,
} from "./answer.ts";

export type GeminiEncoderOptions = {
  /** Whether the answer includes the model's reasoning. */
  readonly includesReasoning: boolean;
  readonly includesLogprobs: boolean;
};

/** State of one candidate while it streams. */
type Streaming = {
  readonly textFrame: (text: string) => Frame;
  readonly calls: WholeCalls;
  /** Logprobs that have not been sent yet. */
  readonly logprobs: PositionLogprobs[];
};

const FINISH_REASONS = { stop: "STOP", length: "MAX_TOKENS", "tool-calls": "STOP" } as const;

export class GeminiEncoder implements AnswerEncoder {
  readonly #identity: AnswerIdentity;
  readonly #options: GeminiEncoderOptions;
  readonly #candidates: Streaming[] = [];

  constructor(identity: AnswerIdentity, options: GeminiEncoderOptions) {
    this.#identity = identity;
    this.#options = options;
  }

  delta(index: number, delta: Delta): readonly Frame[] {
    const { textFrame, calls, logprobs } = this.#streaming(index);
    const { includesReasoning, includesLogprobs } = this.#options;
    if (includesLogprobs) for (const each of delta.logprobs ?? []) logprobs.push(each);
    const call = calls.add(delta);
    const frames = call ? [this.#frame(index, callPart(call))] : [];
    if (delta.type === "text-delta" && delta.text !== "")
      frames.push(includesLogprobs ? this.#frame(index, text(delta.text)) : textFrame(delta.text));
    if (delta.type === "reasoning-delta" && includesReasoning)
      frames.push(this.#frame(index, thought(delta.text)));
    return frames;
  }

  finish(index: number, { reason }: Ending, receipt: Receipt | null): readonly Frame[] {
    const call = this.#streaming(index).calls.end();
    const candidate = {
      ...this.#candidate(index, call ? callPart(call) : text("")),
      finishReason: FINISH_REASONS[reason],
    };
    const usage = receipt ? { usageMetadata: encodeUsage(receipt.usage) } : {};
    return [jsonFrame({ ...this.#answer([candidate]), ...usage })];
  }

  body(choices: readonly [Choice, ...Choice[]], { usage }: Receipt): GeminiAnswer {
    const candidates = choices.map((choice, index): GeminiCandidate => {
      const logprobs = this.#options.includesLogprobs ? choice.logprobs : [];
      return {
        content: { parts: this.#wholeParts(choice, index), role: "model" },
        finishReason: FINISH_REASONS[choice.ending.reason],
        index,
        ...(logprobs.length > 0
          ? { avgLogprobs: averageOf(logprobs), logprobsResult: logprobsOf(logprobs) }
          : {}),
      };
    });
    return { ...this.#answer(candidates), usageMetadata: encodeUsage(usage) };
  }

  #wholeParts({ text: content, reasoning, toolCalls }: Choice, index: number): GeminiPart[] {
    const showsReasoning = reasoning !== "" && this.#options.includesReasoning;
    const parts = [
      ...(showsReasoning ? [thought(reasoning)] : []),
      ...(content === "" ? [] : [text(content)]),
      ...this.#streaming(index).calls.all(toolCalls).map(callPart),
    ];
    return parts.length > 0 ? parts : [text("")];
  }

  #streaming(index: number): Streaming {
    const known = this.#candidates[index];
    if (known) return known;
    const textFrame = textFrames((content) => {
      return this.#answer([{ content: { parts: [text(content)], role: "model" }, index }]);
    });
    const calls = new WholeCalls(this.#identity.id, index);
    const streaming = { textFrame, calls, logprobs: [] };
    this.#candidates[index] = streaming;
    return streaming;
  }

  #frame(index: number, part: GeminiPart): Frame {
    return jsonFrame(this.#answer([this.#candidate(index, part)]));
  }

  /** Includes the logprobs that have not been sent yet. */
  #candidate(index: number, part: GeminiPart): GeminiCandidate {
    const logprobs = this.#streaming(index).logprobs.splice(0);
    return {
      content: { parts: [part], role: "model" },
      index,
      ...(logprobs.length > 0 ? { logprobsResult: logprobsOf(logprobs) } : {}),
    };
  }

  #answer(candidates: GeminiCandidate[]): GeminiAnswer {
    const { id: responseId, model: modelVersion } = this.#identity;
    return { candidates, modelVersion, responseId };
  }
}

function text(content: string): GeminiPart {
  return { text: content };
}

function thought(content: string): GeminiPart {
  return { text: content, thought: true };
}

function callPart({ id, name, args }: WholeCall): GeminiPart {
  return { functionCall: { id, name, args } };
}

/** Gemini counts reasoning tokens apart from those of the candidates. */
function encodeUsage(usage: Usage): GeminiUsage {
  const { promptTokens, cachedTokens, completionTokens, reasoningTokens } = usage;
  return {
    promptTokenCount: promptTokens,
    cachedContentTokenCount: cachedTokens,
    candidatesTokenCount: completionTokens - reasoningTokens,
    thoughtsTokenCount: reasoningTokens,
    totalTokenCount: promptTokens + completionTokens,
  };
}

/** https://ai.google.dev/api/generate-content#LogprobsResult */
function logprobsOf(logprobs: readonly PositionLogprobs[]): GeminiLogprobs {
  return {
    chosenCandidates: logprobs.map(encodeToken),
    topCandidates: logprobs.map(({ alternatives }) => ({
      candidates: alternatives.map(encodeToken),
    })),
  };
}

function averageOf(logprobs: readonly PositionLogprobs[]): number {
  const sum = logprobs.reduce((total, each) => total + finite(each.logprob ?? 0), 0);
  return sum / Math.max(1, logprobs.length);
}

function encodeToken(token: TokenLogprob): GeminiTokenLogprob {
  return { token: token.text, tokenId: token.id, logProbability: finite(token.logprob ?? 0) };
}
