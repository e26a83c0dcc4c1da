// The settings that the user has saved: those for new chats, and named presets. Reads and writes them as JSON, for the browser's
// storage and for files.

import { type ChatSettings, DEFAULT_SETTINGS } from "../conversation.ts";
import { checkSettings } from "../conversation-shape.ts";
import { newId } from "../ids.ts";
import { readJson } from "../json-text.ts";
import { isObject } from "../typed-settings.ts";

/** Every chat chooses its model by itself. */
export type PresetSettings = Omit<ChatSettings, "model">;

export type Preset = {
  readonly id: string;
  readonly name: string;
  readonly settings: PresetSettings;
};

export type SavedSettings = {
  /** Settings of new chats; null for those of the page. */
  readonly defaults: PresetSettings | null;
  /** By name. */
  readonly presets: readonly Preset[];
};

const FORMAT = "sluice-presets";
const VERSION = 1;
const MAX_PRESETS = 200;
export const MAX_PRESET_NAME_CHARS = 80;

export function presetsToJson({ defaults, presets }: SavedSettings): string {
  return `${JSON.stringify({ format: FORMAT, version: VERSION, defaults, presets }, null, 2)}\n`;
}

/**
 * @param text written by `presetsToJson`, perhaps changed by someone else since
 * @throws Error with a message for the user about what is wrong
 */
export function presetsFromJson(text: string): SavedSettings {
  const read = readJson(text);
  if ("problem" in read) throw new Error(`This file is not valid JSON: ${read.problem}.`);
  const { value } = read;
  if (!isObject(value) || value.format !== FORMAT)
    throw new Error(`This file has no presets: its "format" is not "${FORMAT}".`);
  if (value.version !== VERSION) throw new Error(`This file's "version" is not ${VERSION}.`);
  const { defaults, presets } = value;
  if (!Array.isArray(presets)) throw new Error('This file has no "presets" list.');
  if (presets.length > MAX_PRESETS)
    throw new Error(`This file has ${presets.length} presets; at most ${MAX_PRESETS} are allowed.`);
  return {
    defaults: (defaults ?? null) === null ? null : settingsIn(defaults, "defaults"),
    presets: byName(presets.map((each, index) => presetIn(each, `presets[${index}]`))),
  };
}

/** Saves the settings under the name; a preset of the same name gets them instead of its own. */
export function withPreset(
  saved: SavedSettings,
  name: string,
  settings: PresetSettings,
): SavedSettings {
  const known = saved.presets.find((each) => each.name === name);
  const preset = { id: known?.id ?? newId(), name, settings: presetOf(settings) };
  const others = saved.presets.filter((each) => each !== known);
  return { ...saved, presets: byName([...others, preset]).slice(0, MAX_PRESETS) };
}

/** Every setting without the model, so that a preset also resets those that it does not change. */
export function presetOf(settings: PresetSettings): PresetSettings {
  const { model: _, ...all } = { ...DEFAULT_SETTINGS, ...settings };
  return all;
}

function presetIn(value: unknown, path: string): Preset {
  if (!isObject(value)) throw new Error(`This file cannot be imported: ${path} is not an object.`);
  const name = typeof value.name === "string" ? value.name.trim() : "";
  if (name === "" || name.length > MAX_PRESET_NAME_CHARS)
    throw new Error(
      `This file cannot be imported: ${path}.name must have 1 to ${MAX_PRESET_NAME_CHARS} characters.`,
    );
  return { id: newId(), name, settings: settingsIn(value.settings, `${path}.settings`) };
}

/** Keeps only the settings that the page knows. */
function settingsIn(value: unknown, path: string): PresetSettings {
  const named = isObject(value) ? { ...value, model: null } : value;
  try {
    checkSettings(named, path);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`This file cannot be imported: ${message}.`, { cause: error });
  }
  const known = Object.entries(named as ChatSettings) // every setting was checked
    .filter(([name]) => name in DEFAULT_SETTINGS);
  return presetOf(Object.fromEntries(known) as ChatSettings);
}

function byName(presets: readonly Preset[]): readonly Preset[] {
  return presets.toSorted((one, other) => one.name.localeCompare(other.name));
}
