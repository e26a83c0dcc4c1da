// The files attached to the message: name, size, how many tokens they take, or how far they are read.

import type { DraftFile } from "../../chat/drafts.ts";
import { useApp, useDraft } from "../context.ts";
import { bytes } from "../format.ts";
import { Icon, IconButton } from "../icons.tsx";
import { type FileTokens, tokensText } from "./use-file-tokens.ts";

export function DraftFiles({ tokens }: { readonly tokens: FileTokens }) {
  const [{ files }] = useDraft();
  if (files.length === 0) return null;
  return (
    <ul className="draft-files" aria-label="Attached files">
      {files.map((file) => (
        <DraftFileItem key={file.id} file={file} tokens={tokens} />
      ))}
    </ul>
  );
}

type ItemProps = { readonly file: DraftFile; readonly tokens: FileTokens };

function DraftFileItem({ file, tokens }: ItemProps) {
  const { drafts } = useApp();
  const [, key] = useDraft();
  const { id, name, text, sizeBytes, isPasted } = file;
  const cost = tokens.get(id);
  return (
    <li className="draft-file">
      <Icon name="file" size={18} />
      <span className="file-name" title={name}>
        {name}
      </span>
      <span className="hint">
        {text === null ? (
          <ReadProgress file={file} />
        ) : (
          `${bytes(sizeBytes)}${cost ? ` · ${tokensText(cost)}` : ""}`
        )}
      </span>
      {isPasted && (
        <button type="button" className="link" onClick={() => drafts.moveIntoText(key, file)}>
          Put into message
        </button>
      )}
      <IconButton
        icon="close"
        label={text === null ? `Stop reading ${name}` : `Remove ${name}`}
        onClick={() => drafts.removeFile(key, id)}
      />
    </li>
  );
}

function ReadProgress({ file: { name, progress } }: { readonly file: DraftFile }) {
  if (!progress) return "Reading…";
  const { done, total } = progress;
  return (
    <>
      Page {done + 1} of {total}{" "}
      <progress value={done} max={total} aria-label={`Reading ${name}`} />
    </>
  );
}
