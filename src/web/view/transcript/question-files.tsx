// The files of a question, folded. They are shown as plain text, whatever they contain.

import { useState } from "react";
import type { ChatFile } from "../../conversation/conversation.ts";
import { CopyButton } from "../copy-button.tsx";
import { bytes, count } from "../format.ts";
import { Icon } from "../icons.tsx";

/** More would make the page slow. */
const MAX_SHOWN_CHARS = 100_000;

export function QuestionFiles({ files }: { readonly files: readonly ChatFile[] }) {
  return (
    <ul className="question-files" aria-label="Attached files">
      {files.map((file, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the files of a question never change
        <QuestionFile key={index} file={file} />
      ))}
    </ul>
  );
}

function QuestionFile({ file: { name, text } }: { readonly file: ChatFile }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <li>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <Icon name="file" size={18} />
          <span className="file-name" title={name}>
            {name}
          </span>
          <span className="hint">{bytes(new Blob([text]).size)}</span>
        </summary>
        {isOpen && <FileText text={text} name={name} />}
      </details>
    </li>
  );
}

function FileText({ text, name }: ChatFile) {
  return (
    <div className="file-text">
      <CopyButton text={text} label={`Copy ${name}`} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so keyboard users must reach it */}
      <pre tabIndex={0}>{text.slice(0, MAX_SHOWN_CHARS)}</pre>
      {text.length > MAX_SHOWN_CHARS && (
        <p className="hint">
          The first {count(MAX_SHOWN_CHARS)} of {count(text.length)} characters.
        </p>
      )}
    </div>
  );
}
