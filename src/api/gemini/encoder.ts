// Encoder of Gemini's answers: candidates made of parts. Each chunk of a stream is an answer that holds the new parts.
// https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse

import type { Choice } from "../../generation/choice.ts";
import type {
  Delta,
  Ending,
  PositionLogprobs,
  Receipt,
  ToolCallDelta,
  Usage,
} from "../../generation/events.ts";
import type { AnswerEncoder, AnswerIdentity, Frame } from "../dialect.ts";
import { jsonFrame, textFrames } from "../shared/frames.ts";
import { callId, parseArguments } from "../shared/tool-calls.ts";
import type { GeminiAnswer, GeminiCandidate, GeminiPart, GeminiUsage } from "./answer.ts";
import { averageOf, logprobsOf } from "./logprobs.ts";

export type GeminiEncoderOptions = {
  /** Whether the answer includes the model's reasoning. */
  readonly includesReasoning: boolean;
  readonly includesLogprobs: boolean;
};

type Call = { readonly index: number; readonly name: string; arguments: string };

/** State of one candidate while it streams. */
type Streaming = {
  readonly textFrame: (text: string) => Frame;
  /** The incomplete call; calls are sent whole. */
  call: Call | null;
  /** Logprobs that have not been sent yet. */
  logprobs: PositionLogprobs[];
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
    const streaming = this.#streaming(index);
    const { includesLogprobs } = this.#options;
    if (includesLogprobs) for (const each of delta.logprobs ?? []) streaming.logprobs.push(each);
    switch (delta.type) {
      case "text-delta":
        return [...this.#endCall(index), ...this.#text(index, delta.text)];
      case "reasoning-delta":
        return [...this.#endCall(index), ...this.#reasoning(index, delta.text)];
      case "tool-call-delta":
        return this.#call(index, delta);
    }
  }

  finish(index: number, { reason }: Ending, receipt: Receipt | null): readonly Frame[] {
    const parts = this.#takeCall(index);
    const candidate = {
      ...this.#candidate(index, parts.length > 0 ? parts : [text("")]),
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
      ...toolCalls.flatMap((call, number) => this.#encodeCall({ ...call, index: number }, index)),
    ];
    return parts.length > 0 ? parts : [text("")];
  }

  #text(index: number, content: string): readonly Frame[] {
    if (content === "") return [];
    if (this.#options.includesLogprobs) return this.#parts(index, [text(content)]);
    return [this.#streaming(index).textFrame(content)];
  }

  #reasoning(index: number, content: string): readonly Frame[] {
    return this.#options.includesReasoning ? this.#parts(index, [thought(content)]) : [];
  }

  #call(index: number, { index: number, name, text: more }: ToolCallDelta): readonly Frame[] {
    const streaming = this.#streaming(index);
    if (name === null) {
      if (streaming.call) streaming.call.arguments += more;
      return [];
    }
    const frames = this.#endCall(index);
    streaming.call = { index: number, name, arguments: more };
    return frames;
  }

  #endCall(index: number): readonly Frame[] {
    const parts = this.#takeCall(index);
    return parts.length > 0 ? this.#parts(index, parts) : [];
  }

  #takeCall(index: number): readonly GeminiPart[] {
    const streaming = this.#streaming(index);
    const { call } = streaming;
    streaming.call = null;
    return call ? this.#encodeCall(call, index) : [];
  }

  /** Leaves out a call that was cut off; the finish reason is MAX_TOKENS then. */
  #encodeCall(call: Call, index: number): readonly GeminiPart[] {
    const args = parseArguments(call.arguments);
    if (args === null) return [];
    const id = callId("call", this.#identity.id, call.index, index);
    return [{ functionCall: { id, name: call.name, args } }];
  }

  #streaming(index: number): Streaming {
    const known = this.#candidates[index];
    if (known) return known;
    const textFrame = textFrames((content) => {
      return this.#answer([{ content: { parts: [text(content)], role: "model" }, index }]);
    });
    const streaming = { textFrame, call: null, logprobs: [] };
    this.#candidates[index] = streaming;
    return streaming;
  }

  #parts(index: number, parts: readonly GeminiPart[]): readonly Frame[] {
    return [jsonFrame(this.#answer([this.#candidate(index, parts)]))];
  }

  /** Includes the logprobs that have not been sent yet. */
  #candidate(index: number, parts: readonly GeminiPart[]): GeminiCandidate {
    const logprobs = this.#streaming(index).logprobs.splice(0);
    const content = { parts: [...parts], role: "model" as const };
    return {
      content,
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
