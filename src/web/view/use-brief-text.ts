// A text that disappears again.

import { useEffect, useState } from "react";

/** @returns the text, empty after the time, and the function that shows another one */
export function useBriefText(shownMs: number): readonly [string, (text: string) => void] {
  const [text, show] = useState("");
  useEffect(() => {
    if (text === "") return;
    const timer = setTimeout(() => show(""), shownMs);
    return () => clearTimeout(timer);
  }, [text, shownMs]);
  return [text, show];
}
