// Renders one block of Markdown as React elements. A finished block is never rendered again. A long block that still
// grows is parsed at limited intervals, so that the page stays responsive.

import { memo, type ReactElement, useEffect, useReducer, useState } from "react";
import ReactMarkdown, { type Components, type Options } from "react-markdown";
import remarkGfm from "remark-gfm";
import { CodeBlock } from "./code-block.tsx";
import { htmlAsText } from "./html-as-text.ts";
import { markEnd } from "./mark-end.ts";
import { Formula } from "./maths/formula.tsx";
import { formulaSyntax } from "./maths/formula-syntax.ts";
import { createPacedRenderer } from "./paced-renderer.ts";
import { pageRules } from "./page-rules.ts";

type BlockProps = {
  readonly text: string;
  /** Whether this is the last block of a text that still grows. */
  readonly isLive: boolean;
};

// React has no type for `math`.
const COMPONENTS = { pre: CodeBlock, math: Formula } as Components;

// In answers a single "~" usually means "about" and not strikethrough.
const REMARK_PLUGINS: NonNullable<Options["remarkPlugins"]> = [
  [remarkGfm, { singleTilde: false }],
  htmlAsText,
];
const FINISHED_PLUGINS = [pageRules];
const LIVE_PLUGINS = [pageRules, markEnd];

export const Block = memo(function Block({ text, isLive }: BlockProps): ReactElement {
  const [render] = useState(() => createPacedRenderer(renderMarkdown));
  const [, renderAgain] = useReducer((count: number) => count + 1, 0);
  const { element, waitMs } = render(text, isLive);
  useEffect(() => {
    if (waitMs === 0) return;
    const timer = setTimeout(renderAgain, waitMs);
    return () => clearTimeout(timer);
  }, [waitMs]);
  return element;
});

/** Shows the plain text if the parser fails on it. */
function renderMarkdown(text: string, isLive: boolean): ReactElement {
  try {
    return parseMarkdown(text, isLive);
  } catch {
    return <p className="raw-html">{text}</p>;
  }
}

/** Calls the component as a function, so that its time can be measured and its errors caught. It has no hooks. */
function parseMarkdown(text: string, isLive: boolean): ReactElement {
  return ReactMarkdown({
    children: text,
    components: COMPONENTS,
    remarkPlugins: [...REMARK_PLUGINS, [formulaSyntax, { source: text, isGrowing: isLive }]],
    rehypePlugins: isLive ? LIVE_PLUGINS : FINISHED_PLUGINS,
  });
}
