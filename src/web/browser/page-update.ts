// Finds out whether the server has a newer version of the page: when a part of this one cannot be loaded any more.

import { Listeners } from "./listeners.ts";

const listeners = new Listeners();
let hasUpdate = false;

/** For `useSyncExternalStore`. */
export const pageUpdate = {
  subscribe: listeners.subscribe,
  get: (): boolean => hasUpdate,
};

/** Vite reports parts of the page that could not be loaded: the server is lost, or its page is another one now. */
export function watchForUpdate(): void {
  addEventListener("vite:preloadError", () => void check());
}

async function check(): Promise<void> {
  if (hasUpdate) return;
  const response = await fetch("./", { headers: { accept: "text/html" } }).catch(() => null);
  if (!response?.ok) return; // the server is lost, which the page shows elsewhere
  const html = await response.text();
  hasUpdate = !html.includes(entryName());
  if (hasUpdate) listeners.notify();
}

function entryName(): string {
  const script = document.querySelector<HTMLScriptElement>('script[type="module"]');
  return script?.src.split("/").at(-1) ?? "";
}
