// The text of --help and --help-all, made from the settings.

import { flagName, SETTING_KEYS, SETTINGS, type SettingKey } from "./config.ts";
import { GROUPS, type Setting, type SettingGroup } from "./settings/setting.ts";

const COLUMNS = 100;
const CONFIG_HELP =
  "YAML or JSON file with settings, by the names of these options without --, such as queue-timeout: 10m, and with a list `models`; it is read again when it changes (default: none)";

export type HelpOptions = {
  /** Whether settings for experts are listed too. */
  readonly showsExpert: boolean;
};

export function helpText({ showsExpert }: HelpOptions): string {
  const shown = SETTING_KEYS.filter((key) => showsExpert || !SETTINGS[key].isExpert);
  const width = Math.max(...shown.map((key) => usage(key).length));
  const groups = Object.keys(GROUPS) as SettingGroup[];
  return [
    "Sluice serves a GGUF language model over the OpenAI, Anthropic, Gemini and Ollama APIs,",
    "with a chat page for the browser.",
    "",
    "usage: sluice [serve] [options]   start the server",
    "       sluice node [options]      compute for the gateways of a cluster (--cluster)",
    "       sluice gateway [options]   take the requests of a cluster (--cluster)",
    "       sluice keys --help         make, change and list API keys, and print their usage",
    "       sluice pull NAME           download a model, such as qwen3:4b",
    "       sluice list                list the models in the folder; also: list --catalog",
    "       sluice ps                  list the models that a running server has in memory",
    "       sluice load NAME           have a running server load a model",
    "       sluice stop NAME           have a running server unload a model",
    "       sluice rm NAME             delete a model's files",
    "       sluice cache --help        remove what the prefix cache has on disk",
    "       sluice launch --help       start a coding agent against a running server",
    "       sluice bench [URL...]      measure a running server as its clients see it",
    "       sluice doctor [options]    check this machine and these options of a server",
    "       sluice show [MODEL]        describe a model, its chat template and its memory",
    "       sluice health              check that the server of this machine lives",
    "       in a clone, write `npm start --` instead of `sluice`",
    ...groups.flatMap((group) => [
      "",
      GROUPS[group],
      ...shown
        .filter((key) => SETTINGS[key].group === group)
        .map((key) => row(usage(key), SETTINGS[key].help, width)),
    ]),
    "",
    "Configuration file",
    row("--config FILE", CONFIG_HELP, width),
    "",
    "Help",
    row("--help", "print this", width),
    row("--help-all", "print this with all settings, also those for experts", width),
    row("--version", "print the version", width),
    "",
    "Every option is also an environment variable: --queue-timeout is SLUICE_QUEUE_TIMEOUT. An option",
    "overrides its variable, and a variable overrides the configuration file. In a variable, commas",
    "separate the values of a repeatable option, but semicolons separate the models of SLUICE_MODEL.",
    "TIME is 600, 90s, 10m, 1.5h or 250ms; a bare number is in seconds.",
  ].join("\n");
}

function usage(key: SettingKey): string {
  const { value }: Setting = SETTINGS[key];
  return `--${flagName(key)}${value ? ` ${value}` : ""}`;
}

/** An option and its text, which is wrapped in its own column; text in parentheses stays together if a line has room for it. */
function row(option: string, text: string, width: number): string {
  const indent = " ".repeat(width + 4);
  const room = COLUMNS - indent.length;
  const words = text.split(/ (?![^(]*\))/);
  const lines = [""];
  for (const word of words.flatMap((each) => (each.length > room ? each.split(" ") : each))) {
    const line = [lines.at(-1), word].filter(Boolean).join(" ");
    if (line.length <= room) lines.splice(-1, 1, line);
    else lines.push(word);
  }
  return `  ${option.padEnd(width)}  ${lines.join(`\n${indent}`)}`;
}
