// Two tabs with the page may be open: each tells the other what it has changed in the storage.

/** What another tab has changed. `saved` names the conversation; `get` of the storage has its newest state. */
export type Change =
  | { readonly type: "saved"; readonly id: string }
  | { readonly type: "removed"; readonly id: string }
  | { readonly type: "cleared" };

export interface Notices {
  tell(change: Change): void;
  /** @returns ends it */
  onChange(listener: (change: Change) => void): () => void;
  close(): void;
}

const CHANNEL = "sluice-conversations";

/** A browser without channels has tabs that do not hear of each other. */
export function openNotices(): Notices {
  const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(CHANNEL);
  const listeners = new Set<(change: Change) => void>();
  const hear = ({ data }: MessageEvent<unknown>) => {
    if (isChange(data)) for (const listener of listeners) listener(data);
  };
  channel?.addEventListener("message", hear);
  return {
    tell: (change) => channel?.postMessage(change),
    onChange(listener) {
      const own = (change: Change) => listener(change); // one that is given twice is told twice
      listeners.add(own);
      return () => listeners.delete(own);
    },
    close() {
      listeners.clear();
      channel?.removeEventListener("message", hear);
      channel?.close();
    },
  };
}

/** The other tab's page may be of another version. */
function isChange(data: unknown): data is Change {
  if (typeof data !== "object" || data === null || !("type" in data)) return false;
  if (data.type === "cleared") return true;
  const isOfOne = data.type === "saved" || data.type === "removed";
  return isOfOne && "id" in data && typeof data.id === "string";
}
