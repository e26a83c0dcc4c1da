// What an answer of any API says, in the words of the server's log.

import type { Answer } from "../kinds/exchange.ts";

export type Told = {
  /** `stop`, `length`, `tool-calls`, `computed`, or the code of an error; null when it breaks off before it says. */
  readonly outcome: string | null;
  /** The text of each choice. */
  readonly texts: readonly string[];
  /** The arguments of the first call. */
  readonly call: string;
  /** Generated tokens, where it counts them. */
  readonly tokens: number | null;
  readonly isCut: boolean;
};

/** What is read of all the APIs' objects together. */
type Wire = {
  readonly error?: { readonly code?: string } | null;
  readonly type?: string;
  readonly code?: string;
  readonly choices?: readonly {
    readonly index: number;
    readonly text?: string;
    readonly delta?: Spoken;
    readonly message?: Spoken;
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

type Spoken = {
  readonly content?: string | null;
  readonly tool_calls?: readonly { readonly function?: { readonly arguments?: string } }[];
};

const OUTCOMES: Readonly<Record<string, string>> = {
  ...{ stop: "stop", length: "length", tool_calls: "tool-calls" },
  ...{ end_turn: "stop", stop_sequence: "stop", max_tokens: "length", tool_use: "tool-calls" },
  ...{ completed: "stop", incomplete: "length", cancelled: "cancelled" },
};

/** Of what is no JSON, because it is not whole, it says nothing. */
export function toldBy({ frames, body }: Answer): Told {
  const telling = new Telling();
  const parts = frames.length > 0 ? frames.map(({ data }) => data) : [body];
  try {
    for (const part of parts)
      if (part !== "" && part !== "[DONE]") telling.hear(JSON.parse(part) as Wire);
  } catch {
    return new Telling().told;
  }
  return telling.told;
}

class Telling {
  #outcome: string | null = null;
  readonly #texts: string[] = [];
  #call = "";
  #tokens: number | null = null;
  #isCut = false;

  get told(): Told {
    return {
      ...{ outcome: this.#outcome, texts: this.#texts, call: this.#call },
      ...{ tokens: this.#tokens, isCut: this.#isCut },
    };
  }

  hear(wire: Wire): void {
    const { error, type, code, usage, timings } = wire;
    if (error || type === "error") {
      this.#outcome = error?.code ?? code ?? "an error without a code";
      return;
    }
    for (const choice of wire.choices ?? []) this.#hearChoice(choice);
    this.#hearMessage(wire);
    this.#hearResponse(wire);
    if (wire.data) this.#outcome = "computed";
    this.#tokens =
      timings?.generated_tokens ?? usage?.completion_tokens ?? usage?.output_tokens ?? this.#tokens;
    this.#isCut ||= timings?.deadline_reached ?? false;
  }

  #hearChoice({
    index,
    text,
    delta,
    message,
    finish_reason,
  }: NonNullable<Wire["choices"]>[number]): void {
    const spoken = delta ?? message;
    this.#say(index, text ?? spoken?.content ?? "");
    for (const { function: called } of spoken?.tool_calls ?? [])
      this.#call += called?.arguments ?? "";
    if (finish_reason && index === 0) this.#outcome = OUTCOMES[finish_reason] ?? finish_reason;
  }

  /** Anthropic's. */
  #hearMessage({ delta, content, stop_reason }: Wire): void {
    const stopped = stop_reason ?? (typeof delta === "object" ? delta.stop_reason : null);
    if (typeof delta === "object") this.#say(0, delta.text ?? "");
    for (const { text } of content ?? []) this.#say(0, text ?? "");
    if (stopped) this.#outcome = OUTCOMES[stopped] ?? stopped;
  }

  #hearResponse({ type, delta, response, status, output, error }: Wire): void {
    if (type === "response.output_text.delta" && typeof delta === "string") this.#say(0, delta);
    const ended = response ?? { status, error };
    if (ended.status === "failed") this.#outcome = ended.error?.code ?? "failed";
    else if (ended.status) this.#outcome = OUTCOMES[ended.status] ?? null;
    this.#tokens = response?.usage?.output_tokens ?? this.#tokens;
    if (response) return;
    for (const { content } of output ?? [])
      for (const { text } of content ?? []) this.#say(0, text ?? "");
  }

  #say(choice: number, text: string): void {
    this.#texts[choice] = (this.#texts[choice] ?? "") + text;
  }
}
