// Shows the chat's API request as code: curl, JavaScript, Python.

import { useState } from "react";
import { readyFiles } from "../../chat/drafts.ts";
import type { Conversation } from "../../conversation/conversation.ts";
import { addQuestion } from "../../conversation/edits.ts";
import { streamedBody } from "../../conversation/request-body.ts";
import { asCurl, asJavaScript, asPython, type CodeBody } from "../../conversation/request-code.ts";
import type { JsonObject } from "../../conversation/typed-settings.ts";
import { useApp, useChosenModel, useCurrent, useDraft } from "../context.ts";
import { CopyButton } from "../copy-button.tsx";
import { Dialog } from "./dialog.tsx";

const FORMATS = [
  { name: "curl", language: "bash", write: asCurl },
  { name: "JavaScript", language: "javascript", write: asJavaScript },
  { name: "Python", language: "python", write: asPython },
] as const;

export function CodeDialog({ onClose }: { readonly onClose: () => void }) {
  const { server, apiKey, tools } = useApp();
  const { name } = useChosenModel();
  const conversation = useCurrent();
  const [draft] = useDraft();
  const question = { text: draft.text.trim(), files: readyFiles(draft) };
  const isWriting = question.text !== "" || question.files.length > 0;
  const shown = isWriting
    ? addQuestion(conversation, { ...question, nowMs: conversation.updatedAtMs })
    : conversation;
  const [chosen, setChosen] = useState(0);
  const format = FORMATS[chosen] ?? FORMATS[0];
  const code = codeFor(shown, {
    model: name,
    tools: tools.definitions(),
    write: (body) =>
      format.write(`${server.apiUrl}/chat/completions`, body, { hasKey: apiKey.get() !== null }),
  });
  return (
    <Dialog title="Show request" onClose={onClose}>
      <p className="hint">
        The API request for{" "}
        {isWriting ? "the message that you are writing" : "the last message of this chat"}, ready to
        run.
      </p>
      <div className="tabs" role="tablist" aria-label="Language">
        {FORMATS.map(({ name }, index) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`format-${index}`}
            aria-controls="format-code"
            aria-selected={index === chosen}
            tabIndex={index === chosen ? 0 : -1}
            onClick={() => setChosen(index)}
            onKeyDown={(event) => {
              const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
              if (step === 0) return;
              const next = (index + step + FORMATS.length) % FORMATS.length;
              setChosen(next);
              document.getElementById(`format-${next}`)?.focus();
            }}
          >
            {name}
          </button>
        ))}
        <CopyButton text={code} label="Copy code" />
      </div>
      <div id="format-code" role="tabpanel" aria-labelledby={`format-${chosen}`}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so keyboard users must reach it */}
        <section className="code-text" tabIndex={0} aria-label={format.language}>
          <pre>
            <code>{code}</code>
          </pre>
        </section>
      </div>
    </Dialog>
  );
}

type CodeOptions = {
  readonly model: string | null;
  /** Tools that every chat offers. */
  readonly tools: readonly JsonObject[];
  readonly write: (body: CodeBody) => string;
};

/** The request includes the turns up to the last question, or an example question in an empty chat. */
function codeFor(conversation: Conversation, { model, tools, write }: CodeOptions): string {
  const { turns, settings } = conversation;
  const lastQuestion = turns.findLastIndex(({ kind }) => kind === "question");
  const asked = turns.at(-1)?.kind === "tool-result" ? turns : turns.slice(0, lastQuestion + 1);
  const shown = asked.length > 0 ? asked : [EXAMPLE];
  try {
    const named = { ...settings, model };
    return write(streamedBody({ ...conversation, settings: named, turns: shown }, tools));
  } catch (error) {
    return `# ${error instanceof Error ? error.message : String(error)}`; // invalid settings
  }
}

const EXAMPLE = { kind: "question", id: "example", text: "What is streaming?" } as const;
