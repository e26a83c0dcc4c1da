// Answers as Gemini has them: candidates of parts, and a stream of answers that each hold what is new.
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
import type { GeminiAnswer, GeminiCandidate, GeminiPart, GeminiUsage } from "./answer.ts";
import { averageOf, logprobsOf } from "./logprobs.ts";

export type GeminiEncoderOptions = {
  /** Else thoughts stay with the server. */
  readonly includesThoughts: boolean;
  readonly includesScores: boolean;
};

type Call = { readonly name: string; arguments: string };

/** What is known of one candidate while it streams. */
type Streaming = {
  /** The envelope of a text is the same for every token: only the text is encoded anew. */
  readonly beforeText: string;
  readonly afterText: string;
  /** Calls are sent whole: this one is not complete yet. */
  call: Call | null;
  /** Calls that have begun. */
  calls: number;
  /** Not sent yet. */
  logprobs: PositionLogprobs[];
};

const FINISH_REASONS = { stop: "STOP", length: "MAX_TOKENS", "tool-calls": "STOP" } as const;
/** Stands for the text in the envelope; encoded in a way that no other string is. */
const TEXT = "\0";

export class GeminiEncoder implements AnswerEncoder {
  readonly #identity: AnswerIdentity;
  readonly #options: GeminiEncoderOptions;
  readonly #candidates: Streaming[] = [];

  constructor(identity: AnswerIdentity, options: GeminiEncoderOptions) {
    this.#identity = identity;
    this.#options = options;
  }

  /** Gemini has no word for it. */
  progress(): readonly Frame[] {
    return [];
  }

  delta(index: number, delta: Delta): readonly Frame[] {
    const streaming = this.#streaming(index);
    const { includesScores } = this.#options;
    if (includesScores) for (const score of delta.logprobs ?? []) streaming.logprobs.push(score);
    switch (delta.type) {
      case "text-delta":
        return [...this.#endCall(index), ...this.#text(index, delta.text)];
      case "reasoning-delta":
        return [...this.#endCall(index), ...this.#thought(index, delta.text)];
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
    return [frame({ ...this.#answer([candidate]), ...usage })];
  }

  body(choices: readonly Choice[], { usage }: Receipt): GeminiAnswer {
    const candidates = choices.map((choice, index): GeminiCandidate => {
      const logprobs = this.#options.includesScores ? choice.logprobs : [];
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

  #wholeParts({ text: said, reasoning, toolCalls }: Choice, index: number): GeminiPart[] {
    const isThinking = reasoning !== "" && this.#options.includesThoughts;
    const parts = [
      ...(isThinking ? [thought(reasoning)] : []),
      ...(said === "" ? [] : [text(said)]),
      ...toolCalls.flatMap((call, place) => this.#encodeCall(call, index, place)),
    ];
    return parts.length > 0 ? parts : [text("")];
  }

  #text(index: number, said: string): readonly Frame[] {
    if (said === "") return [];
    if (this.#options.includesScores) return this.#parts(index, [text(said)]);
    const { beforeText, afterText } = this.#streaming(index);
    return [{ data: beforeText + JSON.stringify(said) + afterText }];
  }

  #thought(index: number, said: string): readonly Frame[] {
    return this.#options.includesThoughts ? this.#parts(index, [thought(said)]) : [];
  }

  #call(index: number, { name, text: more }: ToolCallDelta): readonly Frame[] {
    const streaming = this.#streaming(index);
    if (name === null) {
      if (streaming.call) streaming.call.arguments += more;
      return [];
    }
    const frames = this.#endCall(index);
    streaming.call = { name, arguments: more };
    streaming.calls += 1;
    return frames;
  }

  #endCall(index: number): readonly Frame[] {
    const parts = this.#takeCall(index);
    return parts.length > 0 ? this.#parts(index, parts) : [];
  }

  #takeCall(index: number): readonly GeminiPart[] {
    const streaming = this.#streaming(index);
    const { call, calls } = streaming;
    streaming.call = null;
    return call ? this.#encodeCall(call, index, calls - 1) : [];
  }

  /** Ids follow from the answer's own. Nothing of a call that was cut off: MAX_TOKENS says so. */
  #encodeCall(call: Call, index: number, place: number): readonly GeminiPart[] {
    const args = argumentsOf(call.arguments);
    if (args === null) return [];
    const number = `${index * 4096 + place}`.padStart(6, "0");
    const id = `call_${this.#identity.id.slice(0, 18)}${number}`;
    return [{ functionCall: { id, name: call.name, args } }];
  }

  #streaming(index: number): Streaming {
    const known = this.#candidates[index];
    if (known) return known;
    const content = { parts: [text(TEXT)], role: "model" as const };
    const envelope = JSON.stringify(this.#answer([{ content, index }]));
    const [beforeText = "", afterText = ""] = envelope.split(JSON.stringify(TEXT));
    const streaming = { beforeText, afterText, call: null, calls: 0, logprobs: [] };
    this.#candidates[index] = streaming;
    return streaming;
  }

  #parts(index: number, parts: readonly GeminiPart[]): readonly Frame[] {
    return [frame(this.#answer([this.#candidate(index, parts)]))];
  }

  /** With the logprobs that have come so far. */
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

function text(said: string): GeminiPart {
  return { text: said };
}

function thought(said: string): GeminiPart {
  return { text: said, thought: true };
}

function argumentsOf(json: string): Record<string, unknown> | null {
  try {
    return JSON.parse(json === "" ? "{}" : json);
  } catch {
    return null;
  }
}

/** Thoughts count beside the candidates, not among them. */
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

function frame(answer: GeminiAnswer): Frame {
  return { data: JSON.stringify(answer) };
}
