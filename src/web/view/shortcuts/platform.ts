// The names of keys on this computer.

import { keyNames, type ShortcutId } from "./shortcut-table.ts";

export const IS_APPLE = /Mac|iPhone|iPad/.test(navigator.platform);

/** A tooltip with the keys: "Chat settings (Ctrl+,)". */
export function withKeys(label: string, id: ShortcutId): string {
  const [keys = []] = keyNames(id, IS_APPLE);
  return `${label} (${keys.join(IS_APPLE ? "" : "+")})`;
}
