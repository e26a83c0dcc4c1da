// The page as a whole: conversations beside, the one that is looked at in the middle, what is opened in front of it.

import { useEffect, useState } from "react";
import { hasEnded, type Turn } from "../conversation/conversation.ts";
import { Announcer } from "./announcer.tsx";
import { Transcript } from "./answer/transcript.tsx";
import { Composer } from "./composer/composer.tsx";
import { useApp, useChats, useCurrent, useStatus } from "./context.ts";
import { CodeDialog } from "./dialogs/code-dialog.tsx";
import { CompareDialog } from "./dialogs/compare-dialog.tsx";
import { KeyDialog } from "./dialogs/key-dialog.tsx";
import { Header } from "./header.tsx";
import { Sidebar } from "./history/sidebar.tsx";
import { Notices } from "./notices.tsx";
import type { Opened } from "./opened.ts";
import { SettingsPanel } from "./settings/settings-panel.tsx";

type LastTurn = Turn | undefined;

export function App() {
  const { store, status } = useApp();
  const { hasLoaded } = useChats();
  const conversation = useCurrent();
  const [opened, setOpened] = useState<Opened>("nothing");
  const [hasSidebar, setSidebar] = useState(() => matchMedia("(min-width: 60rem)").matches);
  useNarrowWindow(() => setSidebar(false));
  const wantsKey = useWantedKey(conversation.turns.at(-1));
  const close = () => setOpened("nothing");
  useEffect(() => {
    document.title = conversation.title === "" ? "Sluice" : `${conversation.title} · Sluice`;
  }, [conversation.title]);
  const isKept = conversation.turns.length > 0;
  useEffect(() => {
    // A reload comes back to it; ChatStore.load reads this.
    const hash = isKept ? `#${conversation.id}` : "";
    if (!hasLoaded || location.hash === hash) return;
    history.replaceState(null, "", location.pathname + location.search + hash);
  }, [hasLoaded, isKept, conversation.id]);
  useEffect(() => {
    if (wantsKey) setOpened("key");
  }, [wantsKey]);
  const isLost = hasLostServer(conversation.turns.at(-1));
  useEffect(() => {
    if (isLost) void status.look();
  }, [isLost, status]);
  useEscapeToStop(() => store.stop(conversation.id));

  return (
    <div className={hasSidebar ? "app has-sidebar" : "app"}>
      <Sidebar isOpen={hasSidebar} onClose={() => setSidebar(false)} />
      <main className="main">
        <Header
          hasSidebar={hasSidebar}
          onSidebar={() => setSidebar((before) => !before)}
          opened={opened}
          onOpen={setOpened}
        />
        <Notices onKey={() => setOpened("key")} />
        {hasLoaded && <Transcript key={conversation.id} onKey={() => setOpened("key")} />}
        <Composer key={`composer ${conversation.id}`} onSettings={() => setOpened("settings")} />
      </main>
      {opened === "settings" && <SettingsPanel key={conversation.id} onClose={close} />}
      {opened === "code" && <CodeDialog onClose={close} />}
      {opened === "compare" && <CompareDialog onClose={close} />}
      {opened === "key" && <KeyDialog onClose={close} />}
      <Announcer />
    </div>
  );
}

/** An answer without its server is a reason to look how it is with it, before the next look is due. */
function hasLostServer(last: LastTurn): boolean {
  if (last?.kind !== "answer") return false;
  return last.phase.type === "reconnecting" || last.failure?.code === "unreachable";
}

/** Whether the server has said of the last look, or of the last answer, that a key is missing or wrong. */
function useWantedKey(last: LastTurn): boolean {
  const { failure } = useStatus();
  const ofAnswer = last?.kind === "answer" && hasEnded(last) ? last.failure : null;
  return failure?.status === 401 || ofAnswer?.status === 401;
}

/** Escape stops the answer, unless it closes something that is open, or belongs to an input method. */
function useEscapeToStop(stop: () => void): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const isTaken = event.defaultPrevented || event.isComposing;
      if (event.key !== "Escape" || isTaken || document.querySelector("dialog[open]")) return;
      stop();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
}

/** Beside a conversation the sidebar may stay; over one it may not. */
function useNarrowWindow(onNarrow: () => void): void {
  useEffect(() => {
    const narrow = matchMedia("(max-width: 60rem)");
    const onChange = () => narrow.matches && onNarrow();
    narrow.addEventListener("change", onChange);
    return () => narrow.removeEventListener("change", onChange);
  });
}
