// Tool calls in any dialect: the arguments that a client sends back, and the ids of the calls that the model makes.

import type { Choice } from "../../generation/choice.ts";
import type { Delta } from "../../generation/events.ts";
import type { ToolCall } from "../../generation/request.ts";
import { checkShape } from "./json-shape.ts";
import { isObject } from "./refusals.ts";

/**
 * The arguments of an earlier call, whatever they are: a call that was cut off comes back as it was sent. Chat templates need
 * an object, so a text that is not one becomes its only member.
 */
export function readArguments(text: string): ToolCall["arguments"] {
  const value = parseArguments(text);
  if (!value || !hasFittingShape(value)) return { arguments: text };
  return value as ToolCall["arguments"]; // it came out of JSON
}

function hasFittingShape(value: object): boolean {
  try {
    checkShape(value, null);
    return true;
  } catch {
    return false;
  }
}

/** Null if the text is not a JSON object, for example because the call was cut off. */
export function parseArguments(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text.trim() === "" ? "{}" : text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

const MAX_CALLS_PER_CHOICE = 4096;

/** Derived from the answer's id, so that a streamed and a buffered answer have the same call ids. */
export function callId(prefix: string, answerId: string, index: number, choice = 0): string {
  const number = `${choice * MAX_CALLS_PER_CHOICE + index}`.padStart(6, "0");
  return `${prefix}_${answerId.slice(0, 18)}${number}`;
}

type OutputCall = Choice["toolCalls"][number];
export type WholeCall = {
  readonly id: string;
  readonly index: number;
  readonly name: string;
  readonly args: Record<string, unknown>;
};

/**
 * The calls of one choice, for APIs that send calls whole. Leaves out a call that was cut off, because clients would run it;
 * the finish reason is a limit then.
 */
export class WholeCalls {
  readonly #answerId: string;
  readonly #choice: number;
  #open: { readonly index: number; readonly name: string; arguments: string } | null = null;

  constructor(answerId: string, choice = 0) {
    this.#answerId = answerId;
    this.#choice = choice;
  }

  /** @returns the call that ends with this delta; null if none does */
  add(delta: Delta): WholeCall | null {
    if (delta.type !== "tool-call-delta") return this.end();
    const { index, name, text } = delta;
    if (name === null) {
      if (this.#open) this.#open.arguments += text;
      return null;
    }
    const ended = this.end();
    this.#open = { index, name, arguments: text };
    return ended;
  }

  /** @returns the open call; null if there is none */
  end(): WholeCall | null {
    const call = this.#open;
    this.#open = null;
    return call && this.#whole(call, call.index);
  }

  /** The calls of a buffered answer. */
  all(calls: readonly OutputCall[]): readonly WholeCall[] {
    return calls.flatMap((call, index) => this.#whole(call, index) ?? []);
  }

  #whole({ name, arguments: text }: OutputCall, index: number): WholeCall | null {
    const args = parseArguments(text);
    return args && { id: callId("call", this.#answerId, index, this.#choice), index, name, args };
  }
}
