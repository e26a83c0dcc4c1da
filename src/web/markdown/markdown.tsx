// Renders an answer's Markdown while it streams. Only the last block is rendered again for each delta. An answer that is
// JSON is one block of code. Questions are Markdown too.

import { Fragment, type ReactElement, useMemo, useState } from "react";
import { Block } from "./block.tsx";
import { createBlockSplitter, type TextBlock } from "./block-splitter.ts";
import { CodeView } from "./code-view.tsx";
import { indentJson } from "./indent-json.ts";
import { repairUnfinished } from "./repair.ts";

type MarkdownProps = {
  readonly text: string;
  /** Completes half-written Markdown and shows a cursor after the last character. */
  readonly isStreaming: boolean;
};

/** Longer texts stay plain, because they are parsed at once. */
const MAX_TYPED_CHARACTERS = 30_000;

export function Markdown({ text, isStreaming }: MarkdownProps): ReactElement {
  const [split] = useState(createBlockSplitter);
  const json = useMemo(() => indentJson(text), [text]);
  const className = isStreaming ? "markdown is-streaming" : "markdown";
  if (json !== null) {
    return (
      <div className={className}>
        <CodeView code={json} source={text} language="json" isGrowing={isStreaming} />
      </div>
    );
  }
  const blocks = split(text);
  const shown = isStreaming ? repairLast(blocks) : blocks;
  const live = isStreaming ? shown.at(-1) : undefined;
  return (
    <div className={className}>
      {shown.map((block) => (
        <Fragment key={block.start}>
          {block.start > 0 && "\n"}
          <Block text={block.text} isLive={block === live} />
        </Fragment>
      ))}
    </div>
  );
}

/** A text that a person has typed: its line breaks stay. */
export function TypedMarkdown({ text }: { readonly text: string }): ReactElement {
  return (
    <div className="markdown">
      {text.length > MAX_TYPED_CHARACTERS ? (
        <p className="raw-html">{text}</p>
      ) : (
        <Block text={text} isLive={false} isTyped={true} />
      )}
    </div>
  );
}

/** Omits a last block that has nothing to show yet (a lone list marker), so that the cursor stays where it was. */
function repairLast(blocks: readonly TextBlock[]): readonly TextBlock[] {
  const last = blocks.at(-1);
  if (last === undefined) return blocks;
  const text = repairUnfinished(last.text);
  const finished = blocks.slice(0, -1);
  return text.trim() === "" ? finished : [...finished, { ...last, text }];
}
