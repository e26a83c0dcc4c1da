// How much the model reasons before it answers. Hidden for a model without reasoning.

import type { ReasoningEffort } from "../../conversation/conversation.ts";
import { useChosenModel } from "../context.ts";
import { NumberField, type SettingsProps } from "./fields.tsx";

const NAMES: { readonly [effort in ReasoningEffort]: string } = {
  none: "Off",
  low: "Low",
  medium: "Medium",
  high: "High",
};

export function ReasoningFields({ settings, problems, set }: SettingsProps) {
  const { model } = useChosenModel();
  const { reasoningEffort = null, reasoningTokens = null } = settings;
  const known = model?.reasoningEfforts ?? [];
  const isSet = reasoningEffort !== null || reasoningTokens !== null;
  if (known.length === 0 && !isSet) return null;
  const efforts = reasoningEffort === null ? known : [...new Set([...known, reasoningEffort])];
  const isSwitch = !known.includes("low");
  return (
    <div className="field-grid">
      <div className="field">
        <label htmlFor="reasoning-effort">Reasoning</label>
        <select
          id="reasoning-effort"
          aria-describedby="reasoning-help"
          value={reasoningEffort ?? ""}
          onChange={({ currentTarget: { value } }) =>
            // One of the options below.
            set({ reasoningEffort: value === "" ? null : (value as ReasoningEffort) })
          }
        >
          <option value="">Model's default</option>
          {efforts.map((effort) => (
            <option key={effort} value={effort}>
              {isSwitch && effort !== "none" ? "On" : NAMES[effort]}
            </option>
          ))}
        </select>
        <p id="reasoning-help" className="hint">
          Whether the model reasons before it answers.
        </p>
      </div>
      <NumberField
        label="Reasoning limit"
        help="In tokens. The model then answers. Empty means no limit."
        step={1}
        value={reasoningTokens}
        onChange={(value) => set({ reasoningTokens: value })}
        problem={problems.reasoningTokens}
      />
    </div>
  );
}
