// Colours code. It brings the grammars of the common languages, so it is loaded only when code is shown
// (use-highlighted-code.ts).

import { toJsxRuntime } from "hast-util-to-jsx-runtime";
import { common, createLowlight } from "lowlight";
import type { ReactElement } from "react";
import { Fragment, jsx, jsxs } from "react/jsx-runtime";

const lowlight = createLowlight(common);

/** The code as elements with highlight.js's classes, or null for a language that is not known or a grammar that fails. */
export function highlight(code: string, language: string): ReactElement | null {
  if (!lowlight.registered(language)) return null;
  try {
    return toJsxRuntime(lowlight.highlight(language, code), { Fragment, jsx, jsxs });
  } catch {
    return null;
  }
}
