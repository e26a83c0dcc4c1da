// The settings of one chat: a panel beside the conversation, or in front of it on a phone.

import { useId } from "react";
import type { ChatSettings } from "../../conversation/conversation.ts";
import {
  EXAMPLE_SCHEMA,
  EXAMPLE_TOOLS,
  problemsOf,
  type SettingsProblems,
} from "../../conversation/settings.ts";
import { useApp, useCurrent } from "../context.ts";
import { Dialog } from "../dialogs/dialog.tsx";
import { NumberField, TextField } from "./fields.tsx";
import { TransportField } from "./transport-field.tsx";

export function SettingsPanel({ onClose }: { readonly onClose: () => void }) {
  const { store } = useApp();
  const { id, settings } = useCurrent();
  const problems = problemsOf(settings);
  const set = (change: Partial<ChatSettings>) => store.changeSettings(id, change);
  return (
    <Dialog title="Chat settings" onClose={onClose} className="is-panel">
      <TextField
        label="System prompt"
        help="Sent before the conversation. Tells the model who it is and how to answer."
        value={settings.system}
        onChange={(system) => set({ system })}
        problem={problems.system}
      />
      <SamplingFields settings={settings} problems={problems} set={set} />
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
        help="A JSON list of functions that the model can call. You enter their results."
        isCode
        value={settings.tools}
        onChange={(tools) => set({ tools })}
        problem={problems.tools}
        example={EXAMPLE_TOOLS}
      />
      <TransportField />
    </Dialog>
  );
}

const SAMPLING_FIELDS = [
  {
    name: "temperature",
    label: "Temperature",
    help: "0 to 2. 0 always picks the most likely token.",
    step: 0.1,
  },
  { name: "topP", label: "Top p", help: "0 to 1. Empty means 1.", step: 0.05 },
  { name: "maxTokens", label: "Max tokens", help: "Per answer. Empty means no limit.", step: 1 },
  { name: "seed", label: "Seed", help: "For repeatable answers. Empty means random.", step: 1 },
] as const;

type SamplingProps = {
  readonly settings: ChatSettings;
  readonly problems: SettingsProblems;
  readonly set: (change: Partial<ChatSettings>) => void;
};

function SamplingFields({ settings, problems, set }: SamplingProps) {
  const id = useId();
  return (
    <fieldset className="field-grid" aria-labelledby={id}>
      <legend id={id} className="visually-hidden">
        Sampling
      </legend>
      {SAMPLING_FIELDS.map(({ name, ...field }) => (
        <NumberField
          key={name}
          {...field}
          value={settings[name]}
          onChange={(value) => set({ [name]: value })}
          problem={problems[name]}
        />
      ))}
    </fieldset>
  );
}
