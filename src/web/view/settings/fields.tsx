// Form fields with a label, a help text, and an error message.

import { type ReactNode, useEffect, useId, useState } from "react";
import type { ChatSettings } from "../../conversation/conversation.ts";
import type { SettingsProblems } from "../../conversation/settings.ts";

/** What every group of fields reads and changes. */
export type SettingsProps = {
  readonly settings: ChatSettings;
  readonly problems: SettingsProblems;
  readonly set: (change: Partial<ChatSettings>) => void;
};

type FieldProps<T> = {
  readonly label: string;
  readonly help: string;
  readonly value: T;
  readonly onChange: (value: T) => void;
  /** Error message; undefined if the value is valid. */
  readonly problem: string | undefined;
};

type TextProps = FieldProps<string> & {
  readonly isCode?: boolean;
  /** A button inserts it while the field is empty. */
  readonly example?: string;
};

export function TextField({ isCode = false, example, ...field }: TextProps) {
  const { value, onChange } = field;
  return (
    <Field {...field}>
      {(attributes) => (
        <>
          <textarea
            {...attributes}
            className={isCode ? "is-code" : ""}
            spellCheck={!isCode}
            rows={isCode ? 5 : 3}
            value={value}
            onChange={(event) => onChange(event.currentTarget.value)}
          />
          {example !== undefined && value === "" && (
            <button type="button" className="link" onClick={() => onChange(example)}>
              Insert example
            </button>
          )}
        </>
      )}
    </Field>
  );
}

type NumberProps = FieldProps<number | null> & { readonly step: number };

export function NumberField({ step, ...field }: NumberProps) {
  const { value, onChange } = field;
  const [text, setText] = useState(value === null ? "" : String(value));
  useEffect(() => {
    // Take over a value that was changed elsewhere, but keep what is being typed (1., 0.0).
    setText((before) =>
      numberIn(before) === value ? before : value === null ? "" : String(value),
    );
  }, [value]);
  return (
    <Field {...field}>
      {(attributes) => (
        <input
          {...attributes}
          type="number"
          inputMode="decimal"
          step={step}
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            onChange(numberIn(event.currentTarget.value));
          }}
        />
      )}
    </Field>
  );
}

function numberIn(text: string): number | null {
  const value = Number(text);
  return text.trim() === "" || Number.isNaN(value) ? null : value;
}

type Attributes = {
  readonly id: string;
  readonly "aria-describedby": string;
  readonly "aria-invalid": boolean;
};

type FrameProps = Pick<FieldProps<unknown>, "label" | "help" | "problem"> & {
  readonly children: (attributes: Attributes) => ReactNode;
};

function Field({ label, help, problem, children }: FrameProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, "aria-describedby": `${id}-help`, "aria-invalid": problem !== undefined })}
      <p id={`${id}-help`} className={problem === undefined ? "hint" : "hint problem"}>
        {problem ?? help}
      </p>
    </div>
  );
}
