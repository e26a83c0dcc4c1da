// `truncation: "auto"`: what of a conversation is left out when it does not fit, oldest first.

import type { InputItem } from "./input.ts";

/**
 * Places where what is left may begin, in shorter and shorter forms: never after the user's last message, but for whole
 * steps of the model's work on it, and never between a call and its result.
 */
export function cutsOf(items: readonly InputItem[]): readonly number[] {
  const places = items.map((_, place) => place);
  const lastUser = items.findLastIndex(isUser);
  const oldest = places.find((place) => place !== lastUser && !isSystem(items[place]));
  if (oldest === undefined) return [];
  const turns = places.filter((place) => isUser(items[place]));
  const steps = places.filter((place) => place > lastUser + 1 && beginsStep(items, place));
  return [...turns, ...steps].filter((cut) => cut > oldest);
}

/** Places that are left out: all before the cut, but for the system's messages and the user's last one. */
export function omittedBefore(cut: number, items: readonly InputItem[]): readonly number[] {
  const lastUser = items.findLastIndex(isUser);
  const places = items.map((_, place) => place);
  return places.filter((place) => place < cut && place !== lastUser && !isSystem(items[place]));
}

/** A conversation is prepared as a whole: as much of it as one body may hold. */
const MAX_ITEMS = 5_000;
const MAX_CHARS = 4_194_304;
export const CONVERSATION_LIMITS = `${MAX_ITEMS} items or ${MAX_CHARS} characters`;

/** @returns the place from which on all items, and the system's messages before it, are few and short enough to be prepared */
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
      return lengthOf(item.content);
    case "function_call":
      return item.arguments.length;
    case "function_call_output":
      return lengthOf(item.output);
    case "reasoning":
      return lengthOf(item.content ?? item.summary ?? []);
    default:
      return 0;
  }
}

function lengthOf(given: string | readonly { readonly text: string }[]): number {
  if (typeof given === "string") return given.length;
  return given.reduce((sum, { text }) => sum + text.length, 0);
}

function isSystem(item: InputItem | undefined): boolean {
  return item?.type === "message" && (item.role === "system" || item.role === "developer");
}

function isUser(item: InputItem | undefined): boolean {
  return item?.type === "message" && item.role === "user";
}

/** Whether the model answers here to results of its calls. */
function beginsStep(items: readonly InputItem[], place: number): boolean {
  return (
    items[place - 1]?.type === "function_call_output" &&
    items[place]?.type !== "function_call_output"
  );
}
