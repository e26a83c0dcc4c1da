// React contexts: the stores and the server, which main.tsx creates once, and the function that opens a dialog.

import { createContext, useContext, useSyncExternalStore } from "react";
import type { ApiKey } from "../browser/api-key.ts";
import type { ChatStore } from "../chat/chat-store.ts";
import type { ChatState } from "../chat/conversation-list.ts";
import { type Draft, type Drafts, draftKey } from "../chat/drafts.ts";
import type { PresetStore } from "../chat/preset-store.ts";
import type { ServerStatus, StatusState } from "../chat/server-status.ts";
import type { ToolCalls } from "../chat/tool-calls.ts";
import { chosenModel, type PageModel } from "../client/page-models.ts";
import type { Server } from "../client/server.ts";
import type { Conversation } from "../conversation/conversation.ts";
import { isSameSettings } from "../conversation/settings/changed-settings.ts";
import type { Preset, SavedSettings } from "../conversation/settings/presets.ts";
import type { CallRunner } from "../tools/call-runner.ts";
import type { McpServers } from "../tools/mcp-servers.ts";
import type { ToolBox } from "../tools/tool-box.ts";

export type AppParts = {
  readonly store: ChatStore;
  readonly drafts: Drafts;
  readonly presets: PresetStore;
  readonly status: ServerStatus;
  readonly server: Server;
  readonly apiKey: ApiKey;
  readonly tools: ToolBox;
  readonly mcp: McpServers;
  readonly runner: CallRunner;
  readonly calls: ToolCalls;
};

/** The dialog or panel in front of the conversation. */
export type Opened =
  | "nothing"
  | "settings"
  | "code"
  | "compare"
  | "key"
  | "models"
  | "tools"
  | "shortcuts";

export const AppContext = createContext<AppParts | null>(null);

/** Opens a dialog or panel. */
export const OpenContext = createContext<(what: Opened) => void>(() => {});

export function useOpen(): (what: Opened) => void {
  return useContext(OpenContext);
}

export function useApp(): AppParts {
  const parts = useContext(AppContext);
  if (!parts) throw new Error("useApp needs an AppContext around it");
  return parts;
}

export function useChats(): ChatState {
  const { store } = useApp();
  return useSyncExternalStore(store.subscribe, store.get);
}

export function useStatus(): StatusState {
  const { status } = useApp();
  return useSyncExternalStore(status.subscribe, status.get);
}

/** The conversation that is shown. */
export function useCurrent(): Conversation {
  const { conversations, currentId } = useChats();
  const current = conversations.find(({ id }) => id === currentId);
  if (!current) throw new Error("there is always a current conversation");
  return current;
}

/** The message that is written in the shown conversation, and the key of its draft. */
export function useDraft(): readonly [Draft, string] {
  const { drafts } = useApp();
  const key = draftKey(useCurrent());
  return [useSyncExternalStore(drafts.subscribe, () => drafts.get(key)), key];
}

type ChosenModel = {
  /** Null while it is unknown. */
  readonly name: string | null;
  /** Null if the server does not have it, or not yet. */
  readonly model: PageModel | null;
};

/** The model that answers the next question of the shown conversation. */
export function useChosenModel(): ChosenModel {
  const { models } = useStatus();
  const { settings } = useCurrent();
  const model = chosenModel(models, settings.model);
  return { name: model?.id ?? settings.model, model };
}

export function usePresets(): SavedSettings {
  const { presets } = useApp();
  return useSyncExternalStore(presets.subscribe, presets.get);
}

/** The preset whose settings the shown conversation has; undefined if it has others. */
export function usePreset(): Preset | undefined {
  const { settings } = useCurrent();
  const same = (preset: Preset) => isSameSettings({ ...preset.settings, model: null }, settings);
  return usePresets().presets.find(same);
}
