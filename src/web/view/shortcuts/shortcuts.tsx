// Handles the keyboard shortcuts of the page, and confirms what is not visible otherwise.

import { useEffect, useEffectEvent } from "react";
import { copyText } from "../../browser/copy-text.ts";
import type { Conversation } from "../../conversation/conversation.ts";
import { useApp, useCurrent, useOpen } from "../context.ts";
import { useBriefText } from "../use-brief-text.ts";
import { IS_APPLE } from "./platform.ts";
import { type ShortcutId, shortcutOf } from "./shortcut-table.ts";

const SHOWN_MS = 2000;
const FIELDS = "input, textarea, select, [contenteditable]";

type ShortcutsProps = { readonly showSidebar: () => void };

export function Shortcuts({ showSidebar }: ShortcutsProps) {
  const { store, calls } = useApp();
  const open = useOpen();
  const conversation = useCurrent();
  const [feedback, setFeedback] = useBriefText(SHOWN_MS);
  const actions: Readonly<Record<ShortcutId, () => void>> = {
    "new-chat": () => store.startNew(),
    search: () => {
      showSidebar();
      requestAnimationFrame(() => focus(".search input")); // it is in the page by then
    },
    settings: () => open("settings"),
    write: () => focus(".composer textarea"),
    "copy-answer": () => void copyAnswer(conversation).then(setFeedback),
    stop: () => {
      store.stop(conversation.id);
      calls.stop(conversation.id);
    },
    shortcuts: () => open("shortcuts"),
  };
  useShortcutKeys((id) => actions[id]());
  return (
    <p className="toast" role="status">
      {feedback}
    </p>
  );
}

/** Not while a dialog is open, which closes on Escape, and not for keys that belong to an input method or a menu. */
function useShortcutKeys(run: (id: ShortcutId) => void): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (document.querySelector("dialog[open]")) return;
    const isTyping = event.target instanceof Element && event.target.matches(FIELDS);
    const id = shortcutOf(event, { isApple: IS_APPLE, isTyping });
    if (id === null) return;
    event.preventDefault();
    run(id);
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => onKey(event);
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, []);
}

async function copyAnswer({ turns }: Conversation): Promise<string> {
  const answer = turns.findLast(({ kind, text }) => kind === "answer" && text !== "");
  if (!answer) return "There is no answer to copy";
  return (await copyText(answer.text)) ? "Answer copied" : "The browser did not allow copying";
}

function focus(selector: string): void {
  document.querySelector<HTMLElement>(selector)?.focus();
}
