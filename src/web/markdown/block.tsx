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
import { typedLines } from "./typed-lines.ts";

type BlockProps = {
  readonly text: string;
  /** Whether this is the last block of a text that still grows. */
  readonly isLive: boolean;
  /** For a text that a person has typed: keeps its line breaks. */
  readonly isTyped?: boolean;
};

type Plugins = NonNullable<Options["remarkPlugins"]>;

// React has no type for `math`.
const COMPONENTS = { pre: CodeBlock, math: Formula } as Components;

// In answers a single "~" usually means "about" and not strikethrough.
const REMARK_PLUGINS: Plugins = [[remarkGfm, { singleTilde: false }], htmlAsText];
const FINISHED_PLUGINS = [pageRules];
const LIVE_PLUGINS = [pageRules, markEnd];

export const Block = memo(function Block(props: BlockProps): ReactElement {
  const { text, isLive, isTyped = false } = props;
  const [render] = useState(() => createPacedRenderer(isTyped ? renderTyped : renderMarkdown));
  const [, renderAgain] = useReducer((count: number) => count + 1, 0);
  const { element, waitMs } = render(text, isLive);
  useEffect(() => {
    if (waitMs === 0) return;
    const timer = setTimeout(renderAgain, waitMs);
    return () => clearTimeout(timer);
  }, [waitMs]);
  return element;
});

function renderMarkdown(text: string, isLive: boolean): ReactElement {
  const remarkPlugins = [...REMARK_PLUGINS, formulas(text, isLive)];
  return parse(text, { remarkPlugins, rehypePlugins: isLive ? LIVE_PLUGINS : FINISHED_PLUGINS });
}

function renderTyped(text: string): ReactElement {
  const remarkPlugins = [...REMARK_PLUGINS, formulas(text, false), typedLines];
  return parse(text, { remarkPlugins, rehypePlugins: FINISHED_PLUGINS });
}

function formulas(source: string, isGrowing: boolean): Plugins[number] {
  return [formulaSyntax, { source, isGrowing }];
}

/** Parsing takes time that grows with the square of the longest word: half a minute for one of 140,000 characters. */
const LONG_WORD = /\S{5000}/;
const CODE = /^ {0,3}(?:`{3}|~{3})/;

/** Calls the component as a function, so that its time can be measured and its errors caught. It has no hooks. */
function parse(text: string, plugins: Options): ReactElement {
  if (LONG_WORD.test(text) && !CODE.test(text)) return <p className="raw-html">{text}</p>;
  try {
    return ReactMarkdown({ children: text, components: COMPONENTS, ...plugins });
  } catch {
    return <p className="raw-html">{text}</p>;
  }
}
