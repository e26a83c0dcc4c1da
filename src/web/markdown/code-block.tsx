// A fenced or indented block of code. Replaces `pre` in react-markdown.

import type { ReactElement } from "react";
import type { ExtraProps } from "react-markdown";
import { CodeView, LANGUAGE_PREFIX } from "./code-view.tsx";
import { DiagramBlock } from "./diagram/diagram-block.tsx";
import { classesOf, type ElementNode, textOf } from "./hast.ts";
import { END_CLASS } from "./mark-end.ts";

export function CodeBlock({ node }: ExtraProps): ReactElement {
  const { code, language, isGrowing } = readCode(node);
  if (language === "mermaid") return <DiagramBlock code={code} isGrowing={isGrowing} />;
  return <CodeView code={code} language={language} isGrowing={isGrowing} />;
}

type CodeParts = {
  readonly code: string;
  readonly language: string | null;
  readonly isGrowing: boolean;
};

function readCode(pre: ElementNode | undefined): CodeParts {
  const element = pre?.children.find((child) => child.type === "element");
  if (element === undefined) return { code: "", language: null, isGrowing: false };
  const classes = classesOf(element);
  const language = classes.find((name) => name.startsWith(LANGUAGE_PREFIX));
  return {
    // Markdown adds one newline after the last line of code.
    code: textOf(element).replace(/\n$/, ""),
    language: language?.slice(LANGUAGE_PREFIX.length) ?? null,
    isGrowing: classes.includes(END_CLASS),
  };
}
