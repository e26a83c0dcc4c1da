// `truncation: "auto"`: what of a conversation is left out when it does not fit, oldest first.

import type { InputItem } from "./responses-input.ts";

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
