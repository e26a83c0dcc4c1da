// Light, dark, or as the system has it: remembered in this browser.

export type Theme = "system" | "light" | "dark";
const NAME = "sluice-theme";

export function currentTheme(): Theme {
  try {
    const kept = localStorage.getItem(NAME);
    return kept === "light" || kept === "dark" ? kept : "system";
  } catch {
    return "system"; // a browser that keeps nothing
  }
}

export function setTheme(theme: Theme): void {
  try {
    localStorage.setItem(NAME, theme);
  } catch {
    // then for as long as the page is open
  }
  applyTheme(theme);
}

export function applyTheme(theme = currentTheme()): void {
  document.documentElement.dataset.theme = theme;
}
