// Names the settings that change how the model answers. The header marks a chat that has some.

import { type ChatSettings, DEFAULT_SETTINGS } from "../conversation.ts";

/** By the settings that belong together. The model is shown by the header itself. */
const NAMES: { readonly [name in Exclude<keyof ChatSettings, "model">]-?: string } = {
  system: "system prompt",
  reasoningEffort: "reasoning",
  reasoningTokens: "reasoning",
  tools: "tools",
  jsonSchema: "JSON schema",
  stop: "stop strings",
  maxTokens: "max tokens",
  minTokens: "min tokens",
  temperature: "sampling",
  topP: "sampling",
  topK: "sampling",
  minP: "sampling",
  repeatPenalty: "sampling",
  presencePenalty: "sampling",
  frequencyPenalty: "sampling",
  penaltyTokens: "sampling",
  seed: "sampling",
  logitBias: "sampling",
};

/** Each name once; empty if the chat has the page's own settings. */
export function changedSettings(settings: ChatSettings): readonly string[] {
  const changed = Object.entries(NAMES).filter(([name]) => {
    const key = name as keyof typeof NAMES;
    return !isSameValue(settings[key], DEFAULT_SETTINGS[key]);
  });
  return [...new Set(changed.map(([, name]) => name))];
}

/** Whether both give the same answers, apart from the model. */
export function isSameSettings(one: ChatSettings, other: ChatSettings): boolean {
  const names = Object.keys(NAMES) as (keyof typeof NAMES)[];
  return names.every((name) => isSameValue(one[name], other[name]));
}

export type SettingValue = ChatSettings[keyof ChatSettings];

/** An absent setting, one that is null, and a text of spaces are all unset. */
export function isSameValue(one: SettingValue, other: SettingValue): boolean {
  return JSON.stringify(comparable(one)) === JSON.stringify(comparable(other));
}

function comparable(value: SettingValue): SettingValue {
  const isUnset = value === undefined || (typeof value === "string" && value.trim() === "");
  return isUnset ? null : value;
}
