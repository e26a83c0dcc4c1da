// Switches between the system's theme, light and dark.

import { useState } from "react";
import { currentTheme, setTheme, type Theme } from "../../browser/theme.ts";
import { IconButton } from "../icons.tsx";

const NEXT: Readonly<Record<Theme, Theme>> = { system: "light", light: "dark", dark: "system" };

export function ThemeButton() {
  const [theme, show] = useState(currentTheme);
  return (
    <IconButton
      icon="sun"
      label={`Theme: ${theme}. Switch to ${NEXT[theme]}`}
      onClick={() => {
        setTheme(NEXT[theme]);
        show(NEXT[theme]);
      }}
    />
  );
}
