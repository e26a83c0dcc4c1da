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
