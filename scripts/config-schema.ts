// Makes docs/config.schema.json, with which editors check and complete the file of --config. Called by write-docs.ts.

import { z } from "zod";
import { isReloadable } from "../src/config/changed-settings.ts";
import { flagName, SETTING_KEYS, SETTINGS, type SettingKey } from "../src/config/config.ts";
import { modelOptions } from "../src/config/model-entry.ts";
import type { Setting } from "../src/config/settings/setting.ts";

const MODEL = {
  anyOf: [
    { type: "string", description: "as after --model: a path, or NAME=PATH,context=8192,pin" },
    withoutDefault(z.toJSONSchema(modelOptions, { io: "input", target: "draft-7" })),
  ],
};

export function configSchema(): string {
  const properties = SETTING_KEYS.map((key) => [flagName(key), settingSchema(key)]);
  const schema = {
    $schema: "http://json-schema.org/draft-07/schema#",
    title: "Sluice configuration file",
    description:
      "The settings of `sluice --config FILE`, in YAML or JSON. A YAML file names this schema for editors in its first line: # yaml-language-server: $schema=PATH/config.schema.json",
    type: "object",
    properties: {
      $schema: { type: "string", description: "where a JSON file names this schema for editors" },
      models: { ...settingSchema("model"), description: "the same as model" },
      ...Object.fromEntries(properties),
    },
    not: { required: ["model", "models"] },
    additionalProperties: false,
    definitions: { model: MODEL },
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function settingSchema(key: SettingKey) {
  const { help, schema, json, isList }: Setting = SETTINGS[key];
  const derived =
    json ?? withoutDefault(z.toJSONSchema(schema, { io: "input", target: "draft-7" }));
  const ofValue = isList && !json ? { anyOf: [derived, derived.items] } : derived;
  const effect = isReloadable(key) ? "A change takes effect without a restart." : "";
  return {
    description: [`${help}.`, effect].filter(Boolean).join(" "),
    ...ofValue,
    ...defaultOf(key),
  };
}

function withoutDefault({ default: _, $schema: __, ...rest }: z.core.JSONSchema.BaseSchema) {
  return rest;
}

/** The built-in model has a path of this machine. */
function defaultOf(key: SettingKey): { default?: unknown } {
  const { schema, isTime }: Setting = SETTINGS[key];
  const value = schema.parse(undefined);
  if (key === "model" || value === undefined) return {};
  return { default: isTime ? Number(value) / 1000 : value };
}
