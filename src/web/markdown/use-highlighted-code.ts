// Code as it is shown: plain until the highlighter is loaded, then coloured up to its last finished line.

import {
  createElement,
  Fragment,
  type ReactNode,
  useEffect,
  useState,
  useSyncExternalStore,
} from "react";

type Highlight = typeof import("./highlight.ts").highlight;

type CodeOptions = {
  readonly language: string | null;
  /** Its last line is not finished yet. */
  readonly isGrowing: boolean;
};

/** Longer code stays plain: colouring it takes long enough to be felt, and the page is slow with so many elements. */
const HIGHLIGHTED_CHARACTERS = 60_000;

/** Growing code is coloured again once it has grown by such a part, and at least a line: the work stays linear. */
const GROWTH = 1 / 64;

// Loaded once for the page, whoever needs it first.
let highlight: Highlight | null = null;
let isLoading = false;
const listeners = new Set<() => void>();

export function useHighlightedCode(code: string, options: CodeOptions): ReactNode {
  const [colour] = useState(createCodeColourer);
  const isWanted = options.language !== null && code.length <= HIGHLIGHTED_CHARACTERS;
  const loaded = useHighlight(isWanted);
  return isWanted && loaded !== null ? colour(loaded, code, options) : code;
}

function useHighlight(isWanted: boolean): Highlight | null {
  useEffect(() => {
    if (isWanted) load();
  }, [isWanted]);
  return useSyncExternalStore(subscribe, current, current);
}

function current(): Highlight | null {
  return highlight;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Where it cannot be had, code stays plain; the next block of code tries again. */
function load(): void {
  if (isLoading || highlight !== null) return;
  isLoading = true;
  import("./highlight.ts").then(
    (module) => {
      highlight = module.highlight;
      for (const listener of listeners) listener();
    },
    () => {
      isLoading = false;
    },
  );
}

/** Remembers what it has coloured: as long as the code only grows, that stays and the rest follows it plain. */
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
        ? finished.length - coloured.code.length <= coloured.code.length * GROWTH
        : coloured.code === finished);
    if (coloured === undefined || !isKept) {
      const content = highlight(finished, language ?? "") ?? finished;
      coloured = { code: finished, language, content };
    }
    return createElement(Fragment, null, coloured.content, code.slice(coloured.code.length));
  };
}
