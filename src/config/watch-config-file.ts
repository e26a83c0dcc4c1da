// Follows the configuration file: reads it again when it changes, and says which settings are in effect then.

import { unwatchFile, watchFile } from "node:fs";
import { stackOf } from "../errors.ts";
import { type ChangedSettings, changedSettings, reloadedConfig } from "./changed-settings.ts";
import type { Config } from "./config.ts";
import { ConfigError } from "./config-error.ts";

export type ConfigFileWatch = {
  /** Absolute path. */
  readonly file: string;
  /** The settings in effect. */
  readonly config: Config;
  /** Reads all settings again. @throws ConfigError */
  readonly read: () => Config;
  /** How often to check the file for changes. */
  readonly pollMs: number;
  /** Receives the settings in effect: those that require a restart keep their values. @throws ConfigError if they cannot be taken over: then the previous ones stay in effect */
  readonly onChange: (config: Config, changes: ChangedSettings) => void;
  /** Receives one line if the file cannot be used. The previous settings stay in effect. */
  readonly onError: (message: string) => void;
};

/**
 * Polls the file's time and size: events get lost on network drives and with renames. Reads the file when it has not changed
 * for one interval, because an editor may have emptied it before writing it.
 */
export function watchConfigFile(options: ConfigFileWatch) {
  const { file, pollMs } = options;
  let { config } = options;
  let timer: NodeJS.Timeout | undefined;
  const reloadSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(reload, pollMs).unref();
  };
  const reload = () => {
    const reloaded = readAgain(config, options);
    if (reloaded === "later") reloadSoon();
    else config = reloaded;
  };
  watchFile(file, { interval: pollMs, persistent: false }, reloadSoon);
  return {
    /** Reads the file at once. */
    reload() {
      clearTimeout(timer);
      reload();
    },
    close() {
      clearTimeout(timer);
      unwatchFile(file, reloadSoon);
    },
  };
}

/** Called from a timer, so no caller catches errors. @returns the settings in effect, or "later" for another try */
function readAgain(before: Config, { read, onChange, onError }: ConfigFileWatch): Config | "later" {
  try {
    const after = read();
    const config = reloadedConfig(before, after);
    const changes = changedSettings(before, after);
    if (changes.reloadable.length + changes.needsRestart.length > 0) onChange(config, changes);
    return config;
  } catch (error) {
    const reason = error instanceof ConfigError ? error.message : stackOf(error);
    onError(`${reason}; keeping the previous settings`);
    return isTemporary(error) ? "later" : before;
  }
}

/** Too many open files say nothing about the file, which may not change again. */
function isTemporary(error: unknown): boolean {
  const { code } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException;
  return code === "EMFILE" || code === "ENFILE";
}
