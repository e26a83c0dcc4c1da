// An answer's Markdown as it streams in: finished blocks stay as they are, only the last one is rendered again.
// Used by whatever shows a text of the model; pure in its props, so it can be called for every delta.

import { Fragment, type ReactElement, useState } from "react";
import { Block } from "./block.tsx";
import { createBlockSplitter, type TextBlock } from "./block-splitter.ts";
import { repairUnfinished } from "./repair.ts";

type MarkdownProps = {
  readonly text: string;
  /** More text may follow: what is half written is completed, and a cursor stands after the last character. */
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

/** A last block with nothing to show yet (a lone list marker) is left out: the cursor waits where it was. */
function repairLast(blocks: readonly TextBlock[]): readonly TextBlock[] {
  const last = blocks.at(-1);
  if (last === undefined) return blocks;
  const text = repairUnfinished(last.text);
  const finished = blocks.slice(0, -1);
  return text.trim() === "" ? finished : [...finished, { ...last, text }];
}
