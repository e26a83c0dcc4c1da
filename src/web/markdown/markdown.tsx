// Renders an answer's Markdown while it streams. Only the last block is rendered again for each delta.

import { Fragment, type ReactElement, useState } from "react";
import { Block } from "./block.tsx";
import { createBlockSplitter, type TextBlock } from "./block-splitter.ts";
import { repairUnfinished } from "./repair.ts";

type MarkdownProps = {
  readonly text: string;
  /** Completes half-written Markdown and shows a cursor after the last character. */
  readonly isStreaming: boolean;
};

export function Markdown({ text, isStreaming }: MarkdownProps): ReactElement {
  const [split] = useState(createBlockSplitter);
  const blocks = split(text);
  const shown = isStreaming ? repairLast(blocks) : blocks;
  const live = isStreaming ? shown.at(-1) : undefined;
  return (
    <div className={isStreaming ? "markdown is-streaming" : "markdown"}>
      {shown.map((block) => (
        <Fragment key={block.start}>
          {block.start > 0 && "\n"}
          <Block text={block.text} isLive={block === live} />
        </Fragment>
      ))}
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
