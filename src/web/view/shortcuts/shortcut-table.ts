// All keyboard shortcuts, for the page that handles them and the dialog that lists them.

export type ShortcutId =
  | "new-chat"
  | "search"
  | "settings"
  | "write"
  | "copy-answer"
  | "stop"
  | "shortcuts";

type Chord = {
  /** `KeyboardEvent.key` in lower case. */
  readonly key: string;
  /** Ctrl, or ⌘ on Apple's systems. */
  readonly hasMod?: boolean;
  /** For characters that need Shift on some keyboards only, it does not matter. */
  readonly hasShift?: boolean;
};

type Shortcut = {
  readonly id: ShortcutId;
  readonly name: string;
  readonly chords: readonly [Chord, ...Chord[]];
};

export const SHORTCUTS: readonly Shortcut[] = [
  { id: "new-chat", name: "New chat", chords: [{ key: "o", hasMod: true, hasShift: true }] },
  { id: "search", name: "Search chats", chords: [{ key: "k", hasMod: true }] },
  {
    id: "write",
    name: "Go to the message",
    chords: [{ key: "/" }, { key: "escape", hasShift: true }],
  },
  {
    id: "copy-answer",
    name: "Copy the last answer",
    // Browsers use Ctrl+Shift+C themselves. A keyboard with ; and : on one key gives the second.
    chords: [
      { key: ";", hasMod: true, hasShift: true },
      { key: ":", hasMod: true, hasShift: true },
    ],
  },
  { id: "stop", name: "Stop the answer", chords: [{ key: "escape" }] },
  { id: "settings", name: "Chat settings", chords: [{ key: ",", hasMod: true }] },
  { id: "shortcuts", name: "Keyboard shortcuts", chords: [{ key: "?" }] },
];

type KeyPress = Pick<KeyboardEvent, "key" | "code" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

/** @param isTyping whether a text field has the focus, where characters without Ctrl or ⌘ are text */
export function shortcutOf(
  press: KeyPress,
  { isApple, isTyping }: { readonly isApple: boolean; readonly isTyping: boolean },
): ShortcutId | null {
  const key = keyOf(press);
  const hasMod = isApple ? press.metaKey : press.ctrlKey;
  const hasOther = press.altKey || (isApple ? press.ctrlKey : press.metaKey);
  if (hasOther || (isTyping && !hasMod && key.length === 1)) return null;
  const isPressed = (chord: Chord) =>
    chord.key === key &&
    (chord.hasMod ?? false) === hasMod &&
    ((chord.hasShift ?? false) === press.shiftKey || isShiftedCharacter(chord));
  return SHORTCUTS.find(({ chords }) => chords.some(isPressed))?.id ?? null;
}

/** The keys of each way to press it: `[["Ctrl", "Shift", "O"]]`, or `[["⌘", "⇧", "O"]]`. */
export function keyNames(id: ShortcutId, isApple: boolean): readonly (readonly string[])[] {
  const chords = SHORTCUTS.find((shortcut) => shortcut.id === id)?.chords ?? [];
  return chords
    .filter(({ key }) => key !== ":") // the same key as ;
    .map(({ key, hasMod, hasShift }) => [
      ...(hasMod ? [isApple ? "⌘" : "Ctrl"] : []),
      ...(hasShift ? [isApple ? "⇧" : "Shift"] : []),
      key === "escape" ? "Escape" : key.toUpperCase(),
    ]);
}

/** On keyboards with other letters, the key at the place of the Latin letter counts. */
function keyOf({ key, code }: KeyPress): string {
  const [, letter] = /^Key([A-Z])$/.exec(code) ?? [];
  const isLatin = /^[ -~]*$/.test(key);
  return (isLatin || letter === undefined ? key : letter).toLowerCase();
}

function isShiftedCharacter({ key, hasMod = false }: Chord): boolean {
  return !hasMod && key.length === 1;
}
