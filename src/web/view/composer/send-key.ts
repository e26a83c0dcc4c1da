// Which key sends.

import type { KeyboardEvent } from "react";

/** In Safari the Enter that ends a composition comes after it, with this code. */
const COMPOSING_CODE = 229;

/** Enter alone, unless it belongs to an input method. */
export function isSendKey(event: KeyboardEvent<HTMLElement>): boolean {
  if (event.key !== "Enter" || event.shiftKey || event.altKey) return false;
  return !event.nativeEvent.isComposing && event.nativeEvent.keyCode !== COMPOSING_CODE;
}
