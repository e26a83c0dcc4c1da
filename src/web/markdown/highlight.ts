// Highlights code. It contains the grammars of the common languages, so use-highlighted-code.ts loads it only when
// code is shown.

import { toJsxRuntime } from "hast-util-to-jsx-runtime";
import { common, createLowlight } from "lowlight";
import type { ReactElement } from "react";
import { Fragment, jsx, jsxs } from "react/jsx-runtime";

const lowlight = createLowlight(common);

/** The code as elements with highlight.js's classes; null for an unknown language or if the grammar fails. */
export function highlight(code: string, language: string): ReactElement | null {
  if (!lowlight.registered(language)) return null;
  try {
    return toJsxRuntime(lowlight.highlight(language, code), { Fragment, jsx, jsxs });
  } catch {
    return null;
  }
}
