// The saved settings: kept in the browser, and the same in all of its tabs.

import { Listeners } from "../browser/listeners.ts";
import { readStored, writeStored } from "../browser/stored-value.ts";
import { type ChatSettings, DEFAULT_SETTINGS } from "../conversation/conversation.ts";
import {
  type PresetSettings,
  presetOf,
  presetsFromJson,
  presetsToJson,
  type SavedSettings,
  withPreset,
} from "../conversation/settings/presets.ts";

const NAME = "sluice-presets";
const NOTHING: SavedSettings = { defaults: null, presets: [] };

export class PresetStore {
  readonly #listeners = new Listeners();
  #state = stored();

  constructor() {
    // Only other tabs cause this event.
    addEventListener("storage", ({ key }) => {
      if (key === NAME || key === null) this.#show(stored());
    });
  }

  readonly subscribe = this.#listeners.subscribe;

  readonly get = (): SavedSettings => this.#state;

  /** The settings with which a chat starts. */
  readonly newSettings = (): ChatSettings => ({ ...DEFAULT_SETTINGS, ...this.#state.defaults });

  /** @param settings null for those of the page */
  setDefaults(settings: PresetSettings | null): void {
    this.#save({ ...this.#state, defaults: settings && presetOf(settings) });
  }

  /** Replaces a preset of the same name. */
  add(name: string, settings: PresetSettings): void {
    this.#save(withPreset(this.#state, name, settings));
  }

  /** Replaces another preset that has the new name. */
  rename(id: string, name: string): void {
    const preset = this.#state.presets.find((each) => each.id === id);
    if (!preset || preset.name === name) return;
    const others = this.#state.presets.filter((each) => each !== preset);
    this.#save(withPreset({ ...this.#state, presets: others }, name, preset.settings));
  }

  remove(id: string): void {
    const presets = this.#state.presets.filter((each) => each.id !== id);
    this.#save({ ...this.#state, presets });
  }

  /** Adds the presets of a file. The settings for new chats stay as they are. */
  addAll({ presets }: SavedSettings): void {
    const all = presets.reduce(
      (saved, { name, settings }) => withPreset(saved, name, settings),
      this.#state,
    );
    this.#save(all);
  }

  #save(state: SavedSettings): void {
    keepUnreadable();
    writeStored(() => localStorage, NAME, presetsToJson(state));
    this.#show(state);
  }

  #show(state: SavedSettings): void {
    this.#state = state;
    this.#listeners.notify();
  }
}

function stored(): SavedSettings {
  return parsed(readStored(() => localStorage, NAME)) ?? NOTHING;
}

/** Null if the text is damaged, or of a newer version of the page. */
function parsed(text: string | null): SavedSettings | null {
  try {
    return text === null ? NOTHING : presetsFromJson(text);
  } catch {
    return null;
  }
}

/** Keeps a copy of presets that this version of the page cannot read, before it saves its own. */
function keepUnreadable(): void {
  const text = readStored(() => localStorage, NAME);
  if (parsed(text) === null) writeStored(() => localStorage, `${NAME}-unreadable`, text);
}
