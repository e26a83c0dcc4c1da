// One choice of an answer, collected from its events. Buffered answers are made from it.

import type { Delta, Ending, GenerateEvent, PositionLogprobs } from "./events.ts";

export type Choice = {
  readonly text: string;
  readonly reasoning: string;
  /** The arguments are JSON text. */
  readonly toolCalls: readonly { readonly name: string; readonly arguments: string }[];
  readonly logprobs: readonly PositionLogprobs[];
  readonly ending: Ending;
};

/** Collects one choice. */
export class ChoiceCollector {
  #text = "";
  #reasoning = "";
  #calls: { name: string; arguments: string }[] = [];
  #logprobs: PositionLogprobs[] = [];
  #ending: Ending | null = null;

  add(event: GenerateEvent): void {
    if (event.type === "finish") this.#ending = event;
    else if (event.type !== "prefill") this.#addDelta(event);
  }

  /** @throws Error if the choice has not finished */
  get choice(): Choice {
    if (this.#ending === null) throw new Error("the choice has not finished");
    return {
      text: this.#text,
      reasoning: this.#reasoning,
      toolCalls: this.#calls,
      logprobs: this.#logprobs,
      ending: this.#ending,
    };
  }

  #addDelta(delta: Delta): void {
    for (const each of delta.logprobs ?? []) this.#logprobs.push(each);
    if (delta.type === "text-delta") this.#text += delta.text;
    else if (delta.type === "reasoning-delta") this.#reasoning += delta.text;
    else if (delta.name !== null) this.#calls.push({ name: delta.name, arguments: delta.text });
    else {
      const call = this.#calls[delta.index];
      if (call) call.arguments += delta.text;
    }
  }
}
