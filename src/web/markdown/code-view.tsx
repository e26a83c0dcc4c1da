// Code in a box with its language, a copy button and highlighting.

import type { ReactElement, ReactNode } from "react";
import { CopyButton } from "./copy-button.tsx";
import { END_CLASS } from "./mark-end.ts";
import { useHighlightedCode } from "./use-highlighted-code.ts";

export const LANGUAGE_PREFIX = "language-";

type CodeViewProps = {
  readonly code: string;
  /** The text that is copied, if it is not the shown one. */
  readonly source?: string;
  readonly language: string | null;
  readonly isGrowing: boolean;
  /** A further button. */
  readonly action?: ReactNode;
  /** A line below the code. */
  readonly note?: string | null;
  /** Shown instead of the code. */
  readonly picture?: ReactNode;
};

export function CodeView(props: CodeViewProps): ReactElement {
  const { code, source, language, isGrowing, action, note, picture } = props;
  const content = useHighlightedCode(code, { language, isGrowing });
  const classes = [
    ...(language === null ? [] : [`${LANGUAGE_PREFIX}${language}`]),
    ...(isGrowing ? [END_CLASS] : []),
  ];
  return (
    <div className="code-block">
      <div className="code-block-header">
        <span className="code-block-language">{language ?? "text"}</span>
        {action}
        <CopyButton text={source ?? code} />
      </div>
      <section
        className="code-block-scroll"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboard users can scroll only a focusable element
        tabIndex={0}
        aria-label={language ? `${language} code` : "code"}
      >
        {picture || (
          <pre>
            <code className={classes.length > 0 ? classes.join(" ") : undefined}>{content}</code>
          </pre>
        )}
      </section>
      {note && <p className="code-block-note">{note}</p>}
    </div>
  );
}
