// One block of Markdown as React elements. A finished one is never rendered again; a long one that still grows is
// parsed again only so often that the page keeps most of its time.

import { memo, type ReactElement, useEffect, useReducer, useState } from "react";
import ReactMarkdown, { type Components, type Options } from "react-markdown";
import remarkGfm from "remark-gfm";
import { CodeBlock } from "./code-block.tsx";
import { htmlAsText } from "./html-as-text.ts";
import { markEnd } from "./mark-end.ts";
import { createPacedRenderer } from "./paced-renderer.ts";
import { pageRules } from "./page-rules.ts";
import { safeUrl } from "./safe-url.ts";

type BlockProps = {
  readonly text: string;
  /** It is the last one of a text that still grows. */
  readonly isLive: boolean;
};

const COMPONENTS: Components = { pre: CodeBlock };

// A single "~" stands for "about" in answers more often than it strikes something through.
const REMARK_PLUGINS: Options["remarkPlugins"] = [[remarkGfm, { singleTilde: false }], htmlAsText];
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

/** Whatever a model writes, the page goes on: a text that the parser fails on is shown as it is. */
function renderMarkdown(text: string, isLive: boolean): ReactElement {
  try {
    return parseMarkdown(text, isLive);
  } catch {
    return <p className="raw-html">{text}</p>;
  }
}

/** Called as a function, which it is (it has no hooks), so that its time can be taken and its errors caught. */
function parseMarkdown(text: string, isLive: boolean): ReactElement {
  return ReactMarkdown({
    children: text,
    components: COMPONENTS,
    remarkPlugins: REMARK_PLUGINS,
    rehypePlugins: isLive ? LIVE_PLUGINS : FINISHED_PLUGINS,
    urlTransform: safeUrl,
  });
}
