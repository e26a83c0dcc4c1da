// The settings of one chat: a panel beside the conversation, or in front of it on a phone.

import type { ReactNode } from "react";
import type { ChatSettings } from "../../conversation/conversation.ts";
import { EXAMPLE_SCHEMA, EXAMPLE_TOOLS, problemsOf } from "../../conversation/settings.ts";
import { useApp, useCurrent, useOpen } from "../context.ts";
import { Dialog } from "../dialogs/dialog.tsx";
import { type SettingsProps, TextField } from "./fields.tsx";
import { NamingField } from "./naming-field.tsx";
import { PresetFields } from "./preset-fields.tsx";
import { ReasoningFields } from "./reasoning-fields.tsx";
import { SamplingFields } from "./sampling-fields.tsx";
import { TransportField } from "./transport-field.tsx";

export function SettingsPanel({ onClose }: { readonly onClose: () => void }) {
  const { store } = useApp();
  const { id, settings } = useCurrent();
  const problems = problemsOf(settings);
  const set = (change: Partial<ChatSettings>) => store.changeSettings(id, change);
  const part = { settings, problems, set };
  return (
    <Dialog title="Chat settings" onClose={onClose} className="is-panel">
      <PresetFields settings={settings} set={set} />
      <TextField
        label="System prompt"
        help="Sent before the conversation. Tells the model who it is and how to answer."
        value={settings.system}
        onChange={(system) => set({ system })}
        problem={problems.system}
      />
      <ReasoningFields {...part} />
      <Section title="Sampling">
        <SamplingFields {...part} />
      </Section>
      <Section title="Answers">
        <AnswerFields {...part} />
      </Section>
      <Section title="This browser">
        <TransportField />
        <NamingField />
      </Section>
    </Dialog>
  );
}

function AnswerFields({ settings, problems, set }: SettingsProps) {
  const open = useOpen();
  return (
    <>
      <TextField
        label="Stop strings"
        help="One per line. Generation stops at the first match."
        value={settings.stop.join("\n")}
        onChange={(text) => set({ stop: text === "" ? [] : text.split("\n") })}
        problem={problems.stop}
      />
      <TextField
        label="JSON schema"
        help="The answer always follows this schema."
        isCode
        value={settings.jsonSchema}
        onChange={(jsonSchema) => set({ jsonSchema })}
        problem={problems.jsonSchema}
        example={EXAMPLE_SCHEMA}
      />
      <TextField
        label="Tools"
        help="A JSON list of functions that the model can call in this chat. You enter their results."
        isCode
        value={settings.tools}
        onChange={(tools) => set({ tools })}
        problem={problems.tools}
        example={EXAMPLE_TOOLS}
      />
      <button type="button" className="button" onClick={() => open("tools")}>
        Tools for every chat…
      </button>
    </>
  );
}

type SectionProps = { readonly title: string; readonly children: ReactNode };

function Section({ title, children }: SectionProps) {
  return (
    <section className="settings-section" aria-label={title}>
      <h3>{title}</h3>
      {children}
    </section>
  );
}
