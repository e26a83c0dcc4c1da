// Decides which key press sends a message.

import type { KeyboardEvent } from "react";

/** Safari reports the Enter that ends a composition after the composition, with this key code. */
const COMPOSING_CODE = 229;

/** Enter without Shift or Alt, unless it belongs to an input method. */
export function isSendKey(event: KeyboardEvent<HTMLElement>): boolean {
  if (event.key !== "Enter" || event.shiftKey || event.altKey) return false;
  return !event.nativeEvent.isComposing && event.nativeEvent.keyCode !== COMPOSING_CODE;
}
