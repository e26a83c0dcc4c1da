// Keeps several open tabs in step: each tab announces its changes to the storage to the others.

/** A change made by another tab. `saved` carries only the id; `ConversationStorage.get` returns the new state. */
export type StorageChange =
  | { readonly type: "saved"; readonly id: string }
  | { readonly type: "removed"; readonly id: string }
  | { readonly type: "cleared" };

export interface ChangeChannel {
  announce(change: StorageChange): void;
  /** @returns a function that removes the listener */
  onChange(listener: (change: StorageChange) => void): () => void;
  close(): void;
}

const CHANNEL = "sluice-conversations";

/** In a browser without `BroadcastChannel`, tabs do not see each other's changes. */
export function openChangeChannel(): ChangeChannel {
  const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(CHANNEL);
  const listeners = new Set<(change: StorageChange) => void>();
  const onMessage = ({ data }: MessageEvent<unknown>) => {
    if (isChange(data)) for (const listener of listeners) listener(data);
  };
  channel?.addEventListener("message", onMessage);
  return {
    announce: (change) => channel?.postMessage(change),
    onChange(listener) {
      // A wrapper, so that the same function can be added twice and removed once.
      const wrapper = (change: StorageChange) => listener(change);
      listeners.add(wrapper);
      return () => listeners.delete(wrapper);
    },
    close() {
      listeners.clear();
      channel?.removeEventListener("message", onMessage);
      channel?.close();
    },
  };
}

/** Checks the message, because the other tab may run another version of the page. */
function isChange(data: unknown): data is StorageChange {
  if (typeof data !== "object" || data === null || !("type" in data)) return false;
  if (data.type === "cleared") return true;
  const namesOne = data.type === "saved" || data.type === "removed";
  return namesOne && "id" in data && typeof data.id === "string";
}
