// A part of the renderer that is loaded when a text needs it, once for the whole page.

import { useEffect, useSyncExternalStore } from "react";

export type LazyModule<T> = {
  /** The loaded part, null until then. If loading fails, the next text that needs it tries again. */
  readonly useModule: (isWanted: boolean) => T | null;
};

export function lazyModule<T>(load: () => Promise<T>): LazyModule<T> {
  let loaded: T | null = null;
  let isLoading = false;
  const listeners = new Set<() => void>();
  const current = () => loaded;
  const subscribe = (listener: () => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const start = () => {
    if (isLoading || loaded !== null) return;
    isLoading = true;
    load().then(
      (part) => {
        loaded = part;
        for (const listener of listeners) listener();
      },
      () => {
        isLoading = false;
      },
    );
  };
  return {
    useModule: (isWanted) => {
      useEffect(() => {
        if (isWanted) start();
      }, [isWanted]);
      return useSyncExternalStore(subscribe, current, current);
    },
  };
}
