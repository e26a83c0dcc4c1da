// Applies, saves, renames and deletes presets, and chooses the settings of new chats.

import { useState } from "react";
import { chooseFile, saveFile } from "../../browser/files.ts";
import { type ChatSettings, DEFAULT_SETTINGS } from "../../conversation/conversation.ts";
import { isSameSettings } from "../../conversation/settings/changed-settings.ts";
import {
  MAX_PRESET_NAME_CHARS,
  presetOf,
  presetsFromJson,
  presetsToJson,
} from "../../conversation/settings/presets.ts";
import { useApp, usePreset, usePresets } from "../context.ts";
import { Form } from "../form.tsx";
import { Menu } from "../menu.tsx";

type PresetProps = {
  readonly settings: ChatSettings;
  readonly set: (change: Partial<ChatSettings>) => void;
};

type Naming = "nothing" | "new" | "rename";

export function PresetFields({ settings, set }: PresetProps) {
  const { presets: store } = useApp();
  const preset = usePreset();
  const [naming, setNaming] = useState<Naming>("nothing");
  const [message, setMessage] = useState("");
  const isDefault = isSameSettings(settings, store.newSettings());
  const save = (name: string) => {
    if (naming === "rename" && preset) store.rename(preset.id, name);
    else store.add(name, settings);
    setNaming("nothing");
    setMessage(`Saved as ${name}.`);
  };
  return (
    <div className="presets">
      <PresetChoice settings={settings} set={set} onName={setNaming} onMessage={setMessage} />
      {naming !== "nothing" && (
        <NameForm
          name={naming === "rename" ? (preset?.name ?? "") : ""}
          onDone={(name) => (name === null ? setNaming("nothing") : save(name))}
        />
      )}
      <div className="preset-links">
        {!isDefault && (
          <>
            <button
              type="button"
              className="link"
              onClick={() => {
                store.setDefaults(settings);
                setMessage("New chats start with these settings.");
              }}
            >
              Use for new chats
            </button>
            <button
              type="button"
              className="link"
              onClick={() => set(presetOf(store.newSettings()))}
            >
              Reset to default
            </button>
          </>
        )}
        {!preset && naming === "nothing" && (
          <button type="button" className="link" onClick={() => setNaming("new")}>
            Save as preset
          </button>
        )}
      </div>
      <p className="hint" role="status">
        {message}
      </p>
    </div>
  );
}

type ChoiceProps = PresetProps & {
  readonly onName: (naming: Naming) => void;
  readonly onMessage: (message: string) => void;
};

function PresetChoice({ settings, set, onName, onMessage }: ChoiceProps) {
  const { presets: store } = useApp();
  const { presets } = usePresets();
  const preset = usePreset();
  const isDefault = isSameSettings(settings, store.newSettings());
  const choose = (id: string) => {
    onMessage("");
    set(presetOf(presets.find((each) => each.id === id)?.settings ?? store.newSettings()));
  };
  return (
    <div className="field">
      <label htmlFor="preset">Preset</label>
      <div className="preset-choice">
        <select
          id="preset"
          value={preset?.id ?? (isDefault ? "default" : "custom")}
          onChange={({ currentTarget }) => choose(currentTarget.value)}
        >
          {!preset && !isDefault && <option value="custom">Custom</option>}
          <option value="default">Default</option>
          {presets.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
        <PresetMenu onName={onName} onMessage={onMessage} />
      </div>
    </div>
  );
}

function PresetMenu({ onName, onMessage }: Omit<ChoiceProps, keyof PresetProps>) {
  const { presets: store } = useApp();
  const saved = usePresets();
  const preset = usePreset();
  const hasDefaults = !isSameSettings(store.newSettings(), DEFAULT_SETTINGS);
  const importFile = async () => {
    const text = await chooseFile("application/json,.json");
    if (text === null) return;
    try {
      const read = presetsFromJson(text);
      store.addAll(read);
      onMessage(
        read.presets.length === 1
          ? "1 preset imported."
          : `${read.presets.length} presets imported.`,
      );
    } catch (error) {
      onMessage(error instanceof Error ? error.message : String(error));
    }
  };
  const remove = (id: string) => {
    store.remove(id);
    onMessage("The preset was deleted. This chat keeps its settings.");
  };
  const save = {
    name: "Export presets",
    run: () => saveFile("sluice-presets.json", presetsToJson(saved)),
  };
  const restore = { name: "Restore the original defaults", run: () => store.setDefaults(null) };
  return (
    <Menu
      label="Preset actions"
      entries={[
        { name: "Save as preset", run: () => onName("new") },
        ...(preset ? [{ name: "Rename", run: () => onName("rename") }] : []),
        { name: "Import presets", run: () => void importFile() },
        ...(saved.presets.length > 0 ? [save] : []),
        ...(hasDefaults ? [restore] : []),
        ...(preset
          ? [{ name: "Delete preset", isDanger: true, run: () => remove(preset.id) }]
          : []),
      ]}
    />
  );
}

type NameProps = {
  readonly name: string;
  /** Called with null if the user cancels. */
  readonly onDone: (name: string | null) => void;
};

function NameForm({ name, onDone }: NameProps) {
  const { presets } = usePresets();
  const [draft, setDraft] = useState(name);
  const typed = draft.trim();
  const isTaken = typed !== name && presets.some((each) => each.name === typed);
  return (
    <Form className="preset-name" onSubmit={() => typed !== "" && onDone(typed)}>
      <input
        aria-label="Name of the preset"
        placeholder="Name of the preset"
        // biome-ignore lint/a11y/noAutofocus: the user has just opened it
        autoFocus
        maxLength={MAX_PRESET_NAME_CHARS}
        value={draft}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.preventDefault(); // it would close the panel
          onDone(null);
        }}
      />
      <button type="submit" className="button is-main" disabled={typed === ""}>
        {isTaken ? "Replace" : "Save"}
      </button>
      <button type="button" className="button" onClick={() => onDone(null)}>
        Cancel
      </button>
    </Form>
  );
}
