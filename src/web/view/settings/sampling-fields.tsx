// The number fields of the settings: the common ones, and the rest of the samplers below "More sampling".

import { useId } from "react";
import type { ChatSettings } from "../../conversation/conversation.ts";
import { DEFAULT_SETTINGS } from "../../conversation/conversation.ts";
import { NumberField, type SettingsProps, TextField } from "./fields.tsx";

const COMMON_FIELDS = [
  {
    name: "temperature",
    label: "Temperature",
    help: "0 to 2. 0 always picks the most likely token. Empty means 1.",
    step: 0.1,
  },
  {
    name: "topP",
    label: "Top p",
    help: "0 to 1. Keeps the likeliest tokens up to this total probability. Empty means 1.",
    step: 0.05,
  },
  { name: "maxTokens", label: "Max tokens", help: "Per answer. Empty means no limit.", step: 1 },
  { name: "seed", label: "Seed", help: "For repeatable answers. Empty means random.", step: 1 },
] as const;

const MORE_FIELDS = [
  {
    name: "topK",
    label: "Top k",
    help: "Keeps this many of the likeliest tokens. Empty or 0 keeps all.",
    step: 1,
  },
  {
    name: "minP",
    label: "Min p",
    help: "0 to 1. Drops tokens below this share of the likeliest one. Empty means 0.",
    step: 0.05,
  },
  {
    name: "repeatPenalty",
    label: "Repeat penalty",
    help: "Up to 10. Above 1, repeated tokens get less likely. Empty means 1.",
    step: 0.05,
  },
  {
    name: "penaltyTokens",
    label: "Penalty window",
    help: "The penalties look at this many of the last tokens. -1 means all. Empty means 256.",
    step: 1,
  },
  {
    name: "presencePenalty",
    label: "Presence penalty",
    help: "-2 to 2. Applies once to tokens already in the answer. Empty means 0.",
    step: 0.1,
  },
  {
    name: "frequencyPenalty",
    label: "Frequency penalty",
    help: "-2 to 2. Grows with each occurrence in the answer. Empty means 0.",
    step: 0.1,
  },
  {
    name: "minTokens",
    label: "Min tokens",
    help: "The answer cannot end earlier. Empty means 0.",
    step: 1,
  },
] as const;

export function SamplingFields(props: SettingsProps) {
  return (
    <>
      <NumberFields legend="Sampling" fields={COMMON_FIELDS} {...props} />
      <MoreFields {...props} />
    </>
  );
}

/** Open from the start if one of its fields has a value or a problem. */
function MoreFields(props: SettingsProps) {
  const { settings, problems, set } = props;
  const names = [...MORE_FIELDS.map(({ name }) => name), "logitBias"] as const;
  const isUsed = names.some((name) => (settings[name] ?? null) !== DEFAULT_SETTINGS[name]);
  const hasProblem = names.some((name) => problems[name] !== undefined);
  return (
    <details className="more-fields" open={isUsed || hasProblem || undefined}>
      <summary>More sampling</summary>
      <NumberFields legend="More sampling" fields={MORE_FIELDS} {...props} />
      <TextField
        label="Logit bias"
        help="A JSON object of token ids and numbers from -100 (never) to 100 (always)."
        isCode
        value={settings.logitBias ?? ""}
        onChange={(logitBias) => set({ logitBias })}
        problem={problems.logitBias}
        example={'{ "1234": -100 }'}
      />
    </details>
  );
}

type NumberName = {
  [name in keyof ChatSettings]-?: number extends ChatSettings[name] ? name : never;
}[keyof ChatSettings];

type NumberFieldsProps = SettingsProps & {
  readonly legend: string;
  readonly fields: readonly {
    readonly name: NumberName;
    readonly label: string;
    readonly help: string;
    readonly step: number;
  }[];
};

function NumberFields({ legend, fields, settings, problems, set }: NumberFieldsProps) {
  const id = useId();
  return (
    <fieldset className="field-grid" aria-labelledby={id}>
      <legend id={id} className="visually-hidden">
        {legend}
      </legend>
      {fields.map(({ name, ...field }) => (
        <NumberField
          key={name}
          {...field}
          value={settings[name] ?? null}
          onChange={(value) => set({ [name]: value })}
          problem={problems[name]}
        />
      ))}
    </fieldset>
  );
}
