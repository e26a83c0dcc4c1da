// A part of the renderer that is loaded when a text needs it, once for the whole page.

import { useEffect, useSyncExternalStore } from "react";
import { Listeners } from "../browser/listeners.ts";

export type LazyModule<T> = {
  /** The loaded part, null until then. If loading fails, the next text that needs it tries again. */
  readonly useModule: (isWanted: boolean) => T | null;
};

export function lazyModule<T>(load: () => Promise<T>): LazyModule<T> {
  let loaded: T | null = null;
  let isLoading = false;
  const listeners = new Listeners();
  const current = () => loaded;
  const start = () => {
    if (isLoading || loaded !== null) return;
    isLoading = true;
    load().then(
      (part) => {
        loaded = part;
        listeners.notify();
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
      return useSyncExternalStore(listeners.subscribe, current, current);
    },
  };
}
