// The field for the name of a model to download.

import { useId, useState } from "react";
import { Form } from "../form.tsx";

type PullFormProps = {
  /** Why the last download could not be started. */
  readonly problem: string | null;
  /** @returns whether the download was started */
  readonly onPull: (model: string) => Promise<boolean>;
};

export function PullForm({ problem, onPull }: PullFormProps) {
  const id = useId();
  const [model, setModel] = useState("");
  const [isStarting, setStarting] = useState(false);
  const pull = async () => {
    if (model.trim() === "" || isStarting) return;
    setStarting(true);
    if (await onPull(model.trim())) setModel("");
    setStarting(false);
  };
  return (
    <Form className="field" onSubmit={() => void pull()}>
      <label htmlFor={id}>Download a model</label>
      <div className="pull-form">
        <input
          id={id}
          aria-describedby={`${id}-help`}
          aria-invalid={problem !== null}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          value={model}
          onChange={(event) => setModel(event.currentTarget.value)}
        />
        <button type="submit" className="button is-main" aria-disabled={model.trim() === ""}>
          Download
        </button>
      </div>
      <p
        key={problem} // screen readers read a new alert
        id={`${id}-help`}
        className={problem === null ? "hint" : "hint problem"}
        role={problem === null ? undefined : "alert"}
      >
        {problem ?? "A short name (qwen3:4b), hf:user/repo:quant, or the URL of a GGUF file."}
      </p>
    </Form>
  );
}
