// The page's theme, remembered in this browser.

export type Theme = "system" | "light" | "dark";
const NAME = "sluice-theme";

export function currentTheme(): Theme {
  try {
    const stored = localStorage.getItem(NAME);
    return stored === "light" || stored === "dark" ? stored : "system";
  } catch {
    return "system"; // the browser blocks storage
  }
}

export function setTheme(theme: Theme): void {
  try {
    localStorage.setItem(NAME, theme);
  } catch {
    // the theme then lasts until the page is closed
  }
  applyTheme(theme);
}

export function applyTheme(theme = currentTheme()): void {
  document.documentElement.dataset.theme = theme;
}
