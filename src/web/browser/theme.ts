// The page's theme, remembered in this browser.

import { readStored, writeStored } from "./stored-value.ts";

export type Theme = "system" | "light" | "dark";
const NAME = "sluice-theme";

export function currentTheme(): Theme {
  const stored = readStored(() => localStorage, NAME);
  return stored === "light" || stored === "dark" ? stored : "system";
}

export function setTheme(theme: Theme): void {
  writeStored(() => localStorage, NAME, theme);
  document.documentElement.dataset.theme = theme;
}

/** Whether the page is dark now, by the user's choice or the system's. */
export function isDark(): boolean {
  const { theme } = document.documentElement.dataset;
  if (theme === "light" || theme === "dark") return theme === "dark";
  return systemDarkness().matches;
}

/** @returns a function that ends the watch */
export function watchDarkness(listener: () => void): () => void {
  const system = systemDarkness();
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  system.addEventListener("change", listener);
  return () => {
    observer.disconnect();
    system.removeEventListener("change", listener);
  };
}

function systemDarkness(): MediaQueryList {
  return matchMedia("(prefers-color-scheme: dark)");
}
