// What can be set for one chat: beside the conversation, in front of it on a phone.

import { type ReactNode, useId } from "react";
import type { ChatSettings } from "../../conversation/conversation.ts";
import { EXAMPLE_SCHEMA, EXAMPLE_TOOLS, problemsOf } from "../../conversation/settings.ts";
import { useApp, useCurrent } from "../context.ts";
import { Dialog } from "../dialogs/dialog.tsx";
import { NumberField, TextField } from "../fields.tsx";
import { TransportField } from "./transport-field.tsx";

export function SettingsPanel({ onClose }: { readonly onClose: () => void }) {
  const { store } = useApp();
  const { id, settings } = useCurrent();
  const problems = problemsOf(settings);
  const set = (change: Partial<ChatSettings>) => store.set(id, change);
  return (
    <Dialog title="Settings of this chat" onClose={onClose} className="is-panel">
      <TextField
        label="System prompt"
        help="Stands before the conversation: who the model is, and how it answers."
        value={settings.system}
        onChange={(system) => set({ system })}
        problem={problems.system}
      />
      <Pair>
        <NumberField
          label="Temperature"
          help="0 takes the likeliest token, up to 2"
          step={0.1}
          value={settings.temperature}
          onChange={(temperature) => set({ temperature })}
          problem={problems.temperature}
        />
        <NumberField
          label="Top p"
          help="0 to 1; empty is 1"
          step={0.05}
          value={settings.topP}
          onChange={(topP) => set({ topP })}
          problem={problems.topP}
        />
        <NumberField
          label="Max tokens"
          help="Of one answer; empty is no limit"
          step={1}
          value={settings.maxTokens}
          onChange={(maxTokens) => set({ maxTokens })}
          problem={problems.maxTokens}
        />
        <NumberField
          label="Seed"
          help="The same seed draws the same; empty is random"
          step={1}
          value={settings.seed}
          onChange={(seed) => set({ seed })}
          problem={problems.seed}
        />
      </Pair>
      <TextField
        label="Stop strings"
        help="One a line: the answer ends before the first that comes."
        value={settings.stop.join("\n")}
        onChange={(text) => set({ stop: text === "" ? [] : text.split("\n") })}
        problem={problems.stop}
      />
      <TextField
        label="JSON schema"
        help="The answer is held to it."
        isCode
        value={settings.jsonSchema}
        onChange={(jsonSchema) => set({ jsonSchema })}
        problem={problems.jsonSchema}
        example={EXAMPLE_SCHEMA}
      />
      <TextField
        label="Tools"
        help="A JSON list of functions that the model may call. You give their results."
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

function Pair({ children }: { readonly children: ReactNode }) {
  const id = useId();
  return (
    <fieldset className="field-grid" aria-labelledby={id}>
      <legend id={id} className="visually-hidden">
        Sampling
      </legend>
      {children}
    </fieldset>
  );
}
