// `truncation: "auto"`: decides which items of a conversation to leave out, oldest first, if it does not fit.

import { textWithNotes } from "../shared/parts.ts";
import { readHosted } from "./hosted-items.ts";
import type { InputItem } from "./items.ts";

/**
 * Indices at which the remaining conversation may begin, longest remainder first: at a user message, or, after the last
 * user message, at a step of the model's work. Never between a call and its result.
 */
export function cutsOf(items: readonly InputItem[]): readonly number[] {
  const indices = items.map((_, index) => index);
  const lastUser = items.findLastIndex(isUser);
  const oldest = indices.find((index) => index !== lastUser && !isSystem(items[index]));
  if (oldest === undefined) return [];
  const turns = indices.filter((index) => isUser(items[index]));
  const steps = indices.filter((index) => index > lastUser + 1 && beginsStep(items, index));
  return [...turns, ...steps].filter((cut) => cut > oldest);
}

/** Indices of the items to leave out: all before the cut except system messages and the last user message. */
export function omittedBefore(cut: number, items: readonly InputItem[]): readonly number[] {
  const lastUser = items.findLastIndex(isUser);
  const indices = items.map((_, index) => index);
  return indices.filter((index) => index < cut && index !== lastUser && !isSystem(items[index]));
}

/** Limits on a whole conversation, because all of it is prepared at once: as much as one body may hold. */
const MAX_ITEMS = 5_000;
const MAX_CHARS = 4_194_304;
export const CONVERSATION_LIMITS = `${MAX_ITEMS} items or ${MAX_CHARS} characters`;

/** @returns the first index from which all items, plus the system messages before it, are within the limits */
export function earliestWithinLimits(items: readonly InputItem[]): number {
  const system = items.filter(isSystem);
  let count = system.length;
  let chars = system.reduce((sum, item) => sum + charsOf(item), 0);
  const isWithin = () => count <= MAX_ITEMS && chars <= MAX_CHARS;
  let from = items.length;
  for (; from > 0 && isWithin(); from--) {
    const item = items[from - 1];
    if (isSystem(item)) continue;
    count += 1;
    chars += charsOf(item);
  }
  return isWithin() ? from : from + 1;
}

function charsOf(item: InputItem | undefined): number {
  switch (item?.type) {
    case "message":
      return textWithNotes(item.content).length;
    case "function_call":
      return item.arguments.length;
    case "custom_tool_call":
      return item.input.length;
    case "function_call_output":
    case "custom_tool_call_output":
      return textWithNotes(item.output).length;
    case "reasoning":
      return textWithNotes(item.content ?? item.summary ?? []).length;
    case "hosted":
      return JSON.stringify(readHosted(item.item)).length;
    default:
      return 0;
  }
}

function isSystem(item: InputItem | undefined): boolean {
  return item?.type === "message" && (item.role === "system" || item.role === "developer");
}

function isUser(item: InputItem | undefined): boolean {
  return item?.type === "message" && item.role === "user";
}

/** Whether the model begins to answer to tool results at this index. */
function beginsStep(items: readonly InputItem[], index: number): boolean {
  return isResult(items[index - 1]) && !isResult(items[index]);
}

function isResult(item: InputItem | undefined): boolean {
  if (item?.type === "hosted") return readHosted(item.item)?.result != null;
  return item?.type === "function_call_output" || item?.type === "custom_tool_call_output";
}
