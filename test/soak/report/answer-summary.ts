// Summarizes an answer of any API in the terms of the server's log.

import type { Answer } from "../kinds/exchange.ts";

export type AnswerSummary = {
  /** `stop`, `length`, `tool-calls`, `computed`, or an error code; null if the answer broke off earlier. */
  readonly outcome: string | null;
  /** The text of each choice. */
  readonly texts: readonly string[];
  /** The arguments of the tool call. */
  readonly call: string;
  /** Generated tokens; null if the answer does not count them. */
  readonly tokens: number | null;
  readonly isCut: boolean;
};

/** The fields of all APIs' objects that are needed here. */
type Wire = {
  readonly error?: { readonly code?: string } | null;
  readonly type?: string;
  readonly code?: string;
  readonly choices?: readonly {
    readonly index: number;
    readonly text?: string;
    readonly delta?: MessageContent;
    readonly message?: MessageContent;
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: { readonly completion_tokens?: number; readonly output_tokens?: number } | null;
  readonly timings?: { readonly generated_tokens?: number; readonly deadline_reached?: boolean };
  readonly delta?: string | { readonly text?: string; readonly stop_reason?: string };
  readonly content?: readonly { readonly text?: string }[];
  readonly stop_reason?: string | null;
  readonly response?: Wire;
  readonly status?: string;
  readonly output?: readonly { readonly content?: readonly { readonly text?: string }[] }[];
  readonly data?: readonly object[];
};

type MessageContent = {
  readonly content?: string | null;
  readonly tool_calls?: readonly { readonly function?: { readonly arguments?: string } }[];
};

const OUTCOMES: Readonly<Record<string, string>> = {
  stop: "stop",
  length: "length",
  tool_calls: "tool-calls",
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  tool_use: "tool-calls",
  completed: "stop",
  incomplete: "length",
  cancelled: "cancelled",
};

/** A body that is not complete JSON gives an empty summary. */
export function summarizeAnswer({ frames, body }: Answer): AnswerSummary {
  const builder = new SummaryBuilder();
  const parts = frames.length > 0 ? frames.map(({ data }) => data) : [body];
  try {
    for (const part of parts)
      if (part !== "" && part !== "[DONE]") builder.read(JSON.parse(part) as Wire);
  } catch {
    return new SummaryBuilder().summary;
  }
  return builder.summary;
}

class SummaryBuilder {
  #outcome: string | null = null;
  readonly #texts: string[] = [];
  #call = "";
  #tokens: number | null = null;
  #isCut = false;

  get summary(): AnswerSummary {
    return {
      outcome: this.#outcome,
      texts: this.#texts,
      call: this.#call,
      tokens: this.#tokens,
      isCut: this.#isCut,
    };
  }

  read(wire: Wire): void {
    const { error, type, code, usage, timings } = wire;
    if (error || type === "error") {
      this.#outcome = error?.code ?? code ?? "an error without a code";
      return;
    }
    for (const choice of wire.choices ?? []) this.#readChoice(choice);
    this.#readMessage(wire);
    this.#readResponse(wire);
    if (wire.data) this.#outcome = "computed";
    this.#tokens =
      timings?.generated_tokens ?? usage?.completion_tokens ?? usage?.output_tokens ?? this.#tokens;
    this.#isCut ||= timings?.deadline_reached ?? false;
  }

  #readChoice({
    index,
    text,
    delta,
    message,
    finish_reason,
  }: NonNullable<Wire["choices"]>[number]): void {
    const content = delta ?? message;
    this.#addText(index, text ?? content?.content ?? "");
    for (const { function: called } of content?.tool_calls ?? [])
      this.#call += called?.arguments ?? "";
    if (finish_reason && index === 0) this.#outcome = OUTCOMES[finish_reason] ?? finish_reason;
  }

  /** Reads the fields of Anthropic's API. */
  #readMessage({ delta, content, stop_reason }: Wire): void {
    const stopped = stop_reason ?? (typeof delta === "object" ? delta.stop_reason : null);
    if (typeof delta === "object") this.#addText(0, delta.text ?? "");
    for (const { text } of content ?? []) this.#addText(0, text ?? "");
    if (stopped) this.#outcome = OUTCOMES[stopped] ?? stopped;
  }

  #readResponse({ type, delta, response, status, output, error }: Wire): void {
    if (type === "response.output_text.delta" && typeof delta === "string") this.#addText(0, delta);
    const ended = response ?? { status, error };
    if (ended.status === "failed") this.#outcome = ended.error?.code ?? "failed";
    else if (ended.status) this.#outcome = OUTCOMES[ended.status] ?? null;
    this.#tokens = response?.usage?.output_tokens ?? this.#tokens;
    if (response) return;
    for (const { content } of output ?? [])
      for (const { text } of content ?? []) this.#addText(0, text ?? "");
  }

  #addText(choice: number, text: string): void {
    this.#texts[choice] = (this.#texts[choice] ?? "") + text;
  }
}
