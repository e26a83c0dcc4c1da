// Splits the model's output, as it arrives, into text, reasoning and tool calls. Holds back any text that may become the start
// of a marker, because parts that were returned cannot be taken back.

import type { OutputPart } from "../../generation/events.ts";
import { JSON_SYNTAX } from "../../generation/syntax.ts";
import { callArguments } from "./call-arguments.ts";
import type { ReasoningFormat } from "./reasoning-formats.ts";
import { longestStart } from "./stop-sequences.ts";
import { anywhere, atStart, type Marker, type ToolFormat } from "./tool-format.ts";

export type OutputParserOptions = {
  /** Null when the output has no tool calls. */
  readonly toolFormat: ToolFormat | null;
  readonly toolNames: readonly string[];
  /** Null when the output has no reasoning. */
  readonly reasoningFormat: ReasoningFormat | null;
  readonly keepsReasoningInText: boolean;
  /** Whether the output starts inside reasoning. */
  readonly startsInReasoning: boolean;
};

/** `header`: the header of a message in a format with channels. `calls`: between tool calls, outside of their arguments. */
type Mode = "header" | "text" | "reasoning" | "calls" | "arguments";

type Found = { readonly marker: Marker; readonly at: number; readonly end: number };

export class OutputParser {
  readonly #options: OutputParserOptions;
  readonly #callMarkers: readonly Marker[];
  readonly #dropMarkers: readonly Marker[];
  #mode: Mode;
  #held = "";
  /** Number of characters that were read and are no longer held back. */
  #read = 0;
  #parts: OutputPart[] = [];
  #arguments = callArguments(JSON_SYNTAX);
  #hasText = false;
  #mayStartReasoning = true;
  #isGapDropped = false;
  /** Number of tool calls that have started. */
  calls = 0;
  /** Position of the first call's opening marker in the whole output, in characters; null before the first call. */
  callsBeganAt: number | null = null;

  constructor(options: OutputParserOptions) {
    const { toolFormat, toolNames, reasoningFormat, startsInReasoning } = options;
    this.#options = options;
    this.#callMarkers = toolFormat?.openers(toolNames) ?? [];
    this.#dropMarkers = toolFormat?.dropped ?? [];
    if (startsInReasoning) this.#mode = "reasoning";
    else this.#mode = reasoningFormat?.type === "channels" ? "header" : "text";
    this.#isGapDropped = startsInReasoning;
  }

  get isReasoning(): boolean {
    return this.#mode === "reasoning";
  }

  /** Whether the next text is neither reasoning nor the header of a message. */
  get isText(): boolean {
    return this.#mode !== "reasoning" && this.#mode !== "header";
  }

  push(text: string): readonly OutputPart[] {
    this.#held += text;
    while (this.#step());
    return this.#taken();
  }

  /** Ends the output. Text that was held back is returned, unless it is part of a tool call. */
  end(): readonly OutputPart[] {
    const rest = this.#held;
    this.#drop(rest.length);
    if (this.#mode === "reasoning") this.#emit("reasoning", rest.trimEnd());
    if (this.#mode === "text") this.#emit("text", this.calls > 0 ? rest.trimEnd() : rest);
    return this.#taken();
  }

  #taken(): readonly OutputPart[] {
    const parts = this.#parts;
    this.#parts = [];
    return parts;
  }

  /** @returns whether another step may follow */
  #step(): boolean {
    switch (this.#mode) {
      case "header":
        return this.#readHeader();
      case "text":
        return this.#readText();
      case "reasoning":
        return this.#readReasoning();
      case "calls":
        return this.#readCalls();
      case "arguments":
        return this.#readArguments();
    }
  }

  #readHeader(): boolean {
    const format = this.#options.reasoningFormat;
    if (format?.type !== "channels") return false;
    const call = firstOf(this.#callMarkers, this.#held, true);
    const end = this.#held.indexOf(format.opener);
    if (call && (end < 0 || call.at < end)) return this.#beginCalls(call);
    if (end < 0) return false;
    const header = this.#held.slice(0, end);
    this.#drop(end + format.opener.length);
    this.#mode = format.isReasoning(header) ? "reasoning" : "text";
    return true;
  }

  #readText(): boolean {
    this.#dropGap();
    const markers = [...this.#textMarkers(), ...this.#callMarkers, ...this.#dropMarkers];
    if (markers.length === 0) {
      this.#emit("text", this.#drop(this.#held.length));
      return false;
    }
    const isFirst = !this.#hasText;
    const found = firstOf(markers, this.#held, isFirst);
    if (found) return this.#enter(found);
    const sure = this.#held.length - heldLength(markers, this.#held, isFirst);
    this.#emit("text", this.#drop(sure));
    return false;
  }

  /** Markers that end the text, or start reasoning, which can only come before all text. */
  #textMarkers(): readonly Marker[] {
    const format = this.#options.reasoningFormat;
    if (!format) return [];
    if (format.type === "channels") return anywhere(...format.closers);
    return this.#mayStartReasoning ? atStart(format.opener) : [];
  }

  #enter(found: Found): boolean {
    const { marker, at, end } = found;
    if (this.#callMarkers.includes(marker)) return this.#beginCalls(found);
    if (this.#dropMarkers.includes(marker)) {
      this.#emit("text", this.#drop(at));
      this.#drop(end - at);
      return true;
    }
    const before = this.#drop(at);
    const isChannel = this.#options.reasoningFormat?.type === "channels";
    if (isChannel) this.#emit("text", before);
    const opener = this.#drop(end - at);
    if (this.#options.keepsReasoningInText && !isChannel) this.#emit("text", before + opener);
    this.#mode = isChannel ? "header" : "reasoning";
    this.#mayStartReasoning = false;
    this.#isGapDropped = !this.#options.keepsReasoningInText;
    return true;
  }

  #readReasoning(): boolean {
    const format = this.#options.reasoningFormat;
    if (!format) return false;
    this.#dropGap();
    const markers = anywhere(...(format.type === "channels" ? format.closers : [format.closer]));
    const found = firstOf(markers, this.#held, false);
    if (!found) {
      const sure = this.#held.length - heldLength(markers, this.#held, false);
      this.#emit("reasoning", this.#drop(sure));
      return false;
    }
    const { keepsReasoningInText } = this.#options;
    const reasoning = this.#drop(found.at);
    this.#emit("reasoning", keepsReasoningInText ? reasoning : reasoning.trimEnd());
    const closer = this.#drop(found.end - found.at);
    if (keepsReasoningInText && format.type === "tags") this.#emit("reasoning", closer);
    this.#mode = format.type === "channels" ? "header" : "text";
    this.#mayStartReasoning = false;
    this.#isGapDropped = !keepsReasoningInText;
    return true;
  }

  #beginCalls({ at }: Found): boolean {
    const before = this.#drop(at);
    if (this.#mode === "text") this.#emit("text", before.trimEnd());
    this.callsBeganAt ??= this.#read;
    this.#mode = "calls";
    return true;
  }

  /** Reads up to the next call's arguments, or up to the end of the calls. Drops the text in between. */
  #readCalls(): boolean {
    const format = this.#options.toolFormat;
    if (!format) return false;
    const header = format.header.exec(this.#held);
    const closedAt = format.closer === null ? -1 : this.#held.indexOf(format.closer);
    if (closedAt >= 0 && (!header || closedAt < header.index)) {
      this.#drop(closedAt + (format.closer?.length ?? 0));
      this.#mode = "text";
      this.#isGapDropped = true;
      return true;
    }
    const [all, name] = header ?? [];
    if (!header || name === undefined) return false;
    this.#drop(header.index + (all?.length ?? 0));
    this.#parts.push({ type: "tool-call-delta", index: this.calls, name, text: "" });
    this.calls += 1;
    this.#arguments = callArguments(format.syntax);
    this.#mode = "arguments";
    return true;
  }

  #readArguments(): boolean {
    if (this.#held === "") return false;
    const { length, json, isComplete } = this.#arguments.take(this.#held);
    this.#drop(length);
    const index = this.calls - 1;
    if (json !== "") this.#parts.push({ type: "tool-call-delta", index, name: null, text: json });
    if (isComplete) this.#mode = "calls";
    return isComplete;
  }

  /** Drops white space between reasoning, tool calls and text. */
  #dropGap(): void {
    if (!this.#isGapDropped) return;
    const gap = this.#held.length - this.#held.trimStart().length;
    this.#drop(gap);
    if (this.#held !== "") this.#isGapDropped = false;
  }

  #drop(length: number): string {
    const dropped = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    this.#read += dropped.length;
    return dropped;
  }

  #emit(type: "text" | "reasoning", text: string): void {
    if (text === "") return;
    if (type === "text" && text.trim() !== "") {
      this.#hasText = true;
      this.#mayStartReasoning = false;
    }
    const isText = type === "text" || this.#options.keepsReasoningInText;
    this.#parts.push({ type: isText ? "text-delta" : "reasoning-delta", text });
  }
}

/** @param isFirst whether only white space came before this text */
function firstOf(markers: readonly Marker[], text: string, isFirst: boolean): Found | null {
  let first: Found | null = null;
  const gap = text.length - text.trimStart().length;
  for (const marker of markers) {
    const isAllowed = !marker.isAtStart || (isFirst && text.startsWith(marker.text, gap));
    const at = isAllowed ? text.indexOf(marker.text) : -1;
    if (at < 0 || (first && first.at <= at)) continue;
    first = { marker, at, end: at + marker.text.length };
  }
  return first;
}

/** Length of the text's end that may become a marker, including the white space before it, which would be dropped too. */
function heldLength(markers: readonly Marker[], text: string, isFirst: boolean): number {
  const trimmed = text.trimStart();
  if (isFirst && markers.some((each) => each.isAtStart && each.text.startsWith(trimmed)))
    return text.length;
  const words = markers.filter(({ isAtStart }) => !isAtStart).map((marker) => marker.text);
  const before = text.slice(0, text.length - longestStart(words, text));
  return text.length - before.trimEnd().length;
}
