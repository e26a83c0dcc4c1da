// The same request for programs: curl, JavaScript, Python.

import { useState } from "react";
import type { Conversation } from "../../conversation/conversation.ts";
import { streamedBody } from "../../conversation/request-body.ts";
import { asCurl, asJavaScript, asPython } from "../../conversation/request-code.ts";
import { useApp, useCurrent, useStatus } from "../context.ts";
import { CopyButton } from "../copy-button.tsx";
import { CodeText } from "./code-text.tsx";
import { Dialog } from "./dialog.tsx";

const FORMS = [
  { name: "curl", language: "bash", write: asCurl },
  { name: "JavaScript", language: "javascript", write: asJavaScript },
  { name: "Python", language: "python", write: asPython },
] as const;

export function CodeDialog({ onClose }: { readonly onClose: () => void }) {
  const { server, apiKey } = useApp();
  const { models } = useStatus();
  const conversation = useCurrent();
  const [chosen, setChosen] = useState(0);
  const form = FORMS[chosen] ?? FORMS[0];
  const code = codeFor(conversation, models[0]?.id ?? null, (body) =>
    form.write(`${server.apiUrl}/chat/completions`, body, { hasKey: apiKey.get() !== null }),
  );
  return (
    <Dialog title="Show request" onClose={onClose}>
      <p className="hint">What this chat sends for its last question, ready to run.</p>
      <div className="tabs" role="tablist" aria-label="Language">
        {FORMS.map(({ name }, index) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`form-${index}`}
            aria-controls="form-code"
            aria-selected={index === chosen}
            tabIndex={index === chosen ? 0 : -1}
            onClick={() => setChosen(index)}
            onKeyDown={(event) => {
              const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
              if (step === 0) return;
              const next = (index + step + FORMS.length) % FORMS.length;
              setChosen(next);
              document.getElementById(`form-${next}`)?.focus();
            }}
          >
            {name}
          </button>
        ))}
        <CopyButton text={code} label="Copy the code" />
      </div>
      <div id="form-code" role="tabpanel" aria-labelledby={`form-${chosen}`}>
        <CodeText code={code} language={form.language} />
      </div>
    </Dialog>
  );
}

type Body = ReturnType<typeof streamedBody>;

/** Up to the last question; of an empty chat, with one to try. */
function codeFor(
  conversation: Conversation,
  model: string | null,
  write: (body: Body) => string,
): string {
  const { turns } = conversation;
  const place = turns.findLastIndex(({ kind }) => kind === "question");
  const asked = turns.at(-1)?.kind === "tool-result" ? turns : turns.slice(0, place + 1);
  const shown = asked.length > 0 ? asked : [EXAMPLE];
  try {
    return write(streamedBody({ ...conversation, turns: shown }, { model }));
  } catch (error) {
    return `# ${error instanceof Error ? error.message : String(error)}`; // settings that cannot be sent
  }
}

const EXAMPLE = { kind: "question", id: "example", text: "What is streaming?" } as const;
