// Highlights code: plain until the highlighter is loaded, then coloured up to the last finished line.

import { createElement, Fragment, type ReactNode, useState } from "react";
import { lazyModule } from "./lazy-module.ts";

type Highlight = typeof import("./highlight.ts").highlight;

type CodeOptions = {
  readonly language: string | null;
  /** Whether the last line is unfinished. */
  readonly isGrowing: boolean;
};

/** Longer code stays plain, because colouring it takes noticeable time and its many elements slow the page down. */
const MAX_HIGHLIGHTED_CHARACTERS = 60_000;

/** Growing code is coloured again after it grew by this share and at least a line, so that the total work stays linear. */
const MIN_GROWTH = 1 / 64;

const highlighter = lazyModule(async () => (await import("./highlight.ts")).highlight);

export function useHighlightedCode(code: string, options: CodeOptions): ReactNode {
  const [colour] = useState(createCodeColourer);
  const isWanted = options.language !== null && code.length <= MAX_HIGHLIGHTED_CHARACTERS;
  const loaded = highlighter.useModule(isWanted);
  return isWanted && loaded !== null ? colour(loaded, code, options) : code;
}

/** Keeps the coloured part while the code grows, and appends the rest as plain text. */
function createCodeColourer(): (
  highlight: Highlight,
  code: string,
  options: CodeOptions,
) => ReactNode {
  let coloured: { code: string; language: string | null; content: ReactNode } | undefined;
  return (highlight, code, { language, isGrowing }) => {
    const finished = isGrowing ? code.slice(0, code.lastIndexOf("\n") + 1) : code;
    const isKept =
      coloured?.language === language &&
      code.startsWith(coloured.code) &&
      (isGrowing
        ? finished.length - coloured.code.length <= coloured.code.length * MIN_GROWTH
        : coloured.code === finished);
    if (coloured === undefined || !isKept) {
      const content = highlight(finished, language ?? "") ?? finished;
      coloured = { code: finished, language, content };
    }
    return createElement(Fragment, null, coloured.content, code.slice(coloured.code.length));
  };
}
