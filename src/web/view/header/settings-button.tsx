// Opens the settings. A dot marks a chat whose settings change the answers, and the tooltip names them.

import { changedSettings } from "../../conversation/settings/changed-settings.ts";
import { type Opened, useCurrent, useOpen, usePreset } from "../context.ts";
import { IconButton } from "../icons.tsx";
import { withKeys } from "../shortcuts/platform.ts";

const LABEL = "Chat settings";

export function SettingsButton({ opened }: { readonly opened: Opened }) {
  const open = useOpen();
  const changed = changedSettings(useCurrent().settings);
  const isMarked = changed.length > 0;
  const preset = usePreset();
  const which = preset && isMarked ? `preset ${preset.name}` : "set";
  return (
    <IconButton
      icon="settings"
      label={LABEL}
      tooltip={
        isMarked ? `${LABEL} (${which}: ${changed.join(", ")})` : withKeys(LABEL, "settings")
      }
      className="settings-button"
      isOn={opened === "settings"}
      onClick={() => open(opened === "settings" ? "nothing" : "settings")}
    >
      {isMarked && <span className="settings-mark" aria-hidden="true" />}
    </IconButton>
  );
}
