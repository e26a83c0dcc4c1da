// A block of code with its language, a copy button and highlighting. Replaces `pre` in react-markdown.

import type { ReactElement } from "react";
import type { ExtraProps } from "react-markdown";
import { CopyButton } from "./copy-button.tsx";
import { classesOf, type ElementNode, textOf } from "./hast.ts";
import { END_CLASS } from "./mark-end.ts";
import { useHighlightedCode } from "./use-highlighted-code.ts";

const LANGUAGE_PREFIX = "language-";

type CodeViewProps = {
  readonly code: string;
  /** The text that is copied, if it is not the shown one. */
  readonly source?: string;
  readonly language: string | null;
  readonly isGrowing: boolean;
};

export function CodeBlock({ node }: ExtraProps): ReactElement {
  const { code, language, isGrowing } = readCode(node);
  return <CodeView code={code} language={language} isGrowing={isGrowing} />;
}

export function CodeView({ code, source, language, isGrowing }: CodeViewProps): ReactElement {
  const content = useHighlightedCode(code, { language, isGrowing });
  const classes = [
    ...(language === null ? [] : [`${LANGUAGE_PREFIX}${language}`]),
    ...(isGrowing ? [END_CLASS] : []),
  ];
  return (
    <div className="code-block">
      <div className="code-block-header">
        <span className="code-block-language">{language ?? "text"}</span>
        <CopyButton text={source ?? code} />
      </div>
      <section
        className="code-block-scroll"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboard users can scroll only a focusable element
        tabIndex={0}
        aria-label={language ? `${language} code` : "code"}
      >
        <pre>
          <code className={classes.length > 0 ? classes.join(" ") : undefined}>{content}</code>
        </pre>
      </section>
    </div>
  );
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
