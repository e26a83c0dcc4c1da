// The dialog or panel that is open. Each is a file of its own that is loaded when it is opened for the first time, except the small one
// for the key.

import { type Opened, useCurrent } from "../context.ts";
import { KeyDialog } from "./key-dialog.tsx";
import { LazyDialog } from "./lazy-dialog.tsx";

const LAZY = {
  settings: {
    title: "Chat settings",
    load: async () => (await import("../settings/settings-panel.tsx")).SettingsPanel,
  },
  code: {
    title: "Show request",
    load: async () => (await import("./code-dialog.tsx")).CodeDialog,
  },
  compare: {
    title: "Compare streamed and buffered",
    load: async () => (await import("./compare-dialog.tsx")).CompareDialog,
  },
  models: {
    title: "Models",
    load: async () => (await import("../models/models-dialog.tsx")).ModelsDialog,
  },
  tools: {
    title: "Tools",
    load: async () => (await import("../tools/tools-dialog.tsx")).ToolsDialog,
  },
  shortcuts: {
    title: "Keyboard shortcuts",
    load: async () => (await import("../shortcuts/shortcuts-dialog.tsx")).ShortcutsDialog,
  },
} as const;

type OpenProps = { readonly opened: Opened; readonly onClose: () => void };

export function OpenDialog({ opened, onClose }: OpenProps) {
  const { id } = useCurrent();
  if (opened === "nothing") return null;
  if (opened === "key") return <KeyDialog onClose={onClose} />;
  return <LazyDialog key={`${opened} ${id}`} {...LAZY[opened]} onClose={onClose} />;
}
