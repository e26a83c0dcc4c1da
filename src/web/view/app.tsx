// The whole page: the sidebar, the current conversation, and the dialogs in front of it.

import { useEffect, useState } from "react";
import { isChanging, type PageModel } from "../client/page-models.ts";
import { type ChatTurn, hasEnded } from "../conversation/conversation.ts";
import { Announcer } from "./announcer.tsx";
import { Composer } from "./composer/composer.tsx";
import {
  OpenContext,
  type Opened,
  useApp,
  useChats,
  useChosenModel,
  useCurrent,
  useStatus,
} from "./context.ts";
import { OpenDialog } from "./dialogs/open-dialog.tsx";
import { Header } from "./header/header.tsx";
import { Notices } from "./notices.tsx";
import { Shortcuts } from "./shortcuts/shortcuts.tsx";
import { Sidebar } from "./sidebar/sidebar.tsx";
import { Transcript } from "./transcript/transcript.tsx";

type LastTurn = ChatTurn | undefined;

export function App() {
  const { status } = useApp();
  const { hasLoaded } = useChats();
  const conversation = useCurrent();
  const [opened, setOpened] = useState<Opened>("nothing");
  const [hasSidebar, setSidebar] = useState(() => matchMedia("(min-width: 60rem)").matches);
  useNarrowWindow(() => setSidebar(false));
  const needsKey = useNeedsKey(conversation.turns.at(-1));
  const close = () => setOpened("nothing");
  useEffect(() => {
    document.title = conversation.title === "" ? "Sluice" : `${conversation.title} · Sluice`;
  }, [conversation.title]);
  const isStored = conversation.turns.length > 0;
  useEffect(() => {
    // ChatStore.load reads the hash, so that a reload shows the same conversation.
    const hash = isStored ? `#${conversation.id}` : "";
    if (!hasLoaded || location.hash === hash) return;
    history.replaceState(null, "", location.pathname + location.search + hash);
  }, [hasLoaded, isStored, conversation.id]);
  useEffect(() => {
    if (needsKey) setOpened("key");
  }, [needsKey]);
  const isOutdated = hasNews(conversation.turns.at(-1), useChosenModel().model);
  useEffect(() => {
    if (isOutdated) void status.refresh();
  }, [isOutdated, status]);

  return (
    <OpenContext value={setOpened}>
      <div className={hasSidebar ? "app has-sidebar" : "app"}>
        <Sidebar isOpen={hasSidebar} onClose={() => setSidebar(false)} />
        <main className="main">
          <Header
            hasSidebar={hasSidebar}
            onSidebar={() => setSidebar((before) => !before)}
            opened={opened}
          />
          <Notices />
          {hasLoaded && <Transcript key={conversation.id} />}
          <Composer key={`composer ${conversation.id}`} />
        </main>
        <OpenDialog opened={opened} onClose={close} />
        <Announcer />
        <Shortcuts showSidebar={() => setSidebar(true)} />
      </div>
    </OpenContext>
  );
}

/**
 * Whether the answer knows more than the status, which is a reason to refresh that before the next poll: the server is lost, or
 * the model is being loaded, was loaded, or could not be.
 */
function hasNews(last: LastTurn, model: PageModel | null): boolean {
  if (last?.kind !== "answer") return false;
  const { phase, failure } = last;
  if (phase.type === "reconnecting" || failure?.code === "unreachable") return true;
  if (model === null || isChanging(model)) return false; // it is polled every second anyway
  switch (phase.type) {
    case "loading":
      return true;
    case "failed":
      return model.state === "unloaded";
    case "reading":
    case "thinking":
    case "writing":
    case "calling":
    case "done":
      return model.state !== "ready";
    default:
      return false;
  }
}

/** Whether the server rejected the last poll or the last answer for a missing or wrong key. */
function useNeedsKey(last: LastTurn): boolean {
  const { failure } = useStatus();
  const answerFailure = last?.kind === "answer" && hasEnded(last) ? last.failure : null;
  return failure?.status === 401 || answerFailure?.status === 401;
}

/** Closes the sidebar when the window becomes so narrow that it would cover the conversation. */
function useNarrowWindow(onNarrow: () => void): void {
  useEffect(() => {
    const narrow = matchMedia("(max-width: 60rem)");
    const onChange = () => narrow.matches && onNarrow();
    narrow.addEventListener("change", onChange);
    return () => narrow.removeEventListener("change", onChange);
  });
}
