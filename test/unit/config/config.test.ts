// The defaults of the settings, for tests and for programs that embed the service.

import { existsSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { readCommandLine } from "../../../src/config/command-line.ts";
import { SETTINGS } from "../../../src/config/config.ts";
import { configWith } from "../../../src/config/config-with.ts";
import { parseTime } from "../../../src/config/settings/units.ts";

test("has the same defaults for embedders as for the command", () => {
  expect(readCommandLine([], {})).toMatchObject({ type: "serve", config: configWith({}) });
});

test("changes only what is asked for", () => {
  const config = configWith({ slots: 2, queueTimeoutMs: 50 });

  expect(config).toEqual({ ...configWith({}), slots: 2, queueTimeoutMs: 50 });
});

test("serves the built-in model by default, from the models folder of the package", () => {
  const { model } = configWith({});
  const folder = path.dirname(model[0].path);

  expect(model).toHaveLength(1);
  expect(path.basename(model[0].path)).toBe("builtin.gguf");
  expect(existsSync(path.join(folder, "../package.json"))).toBe(true);
});

test("has time limits as long as their help says", () => {
  const config = configWith({});
  const limits = Object.entries(SETTINGS).filter(
    ([, { isTime, help }]) => isTime && !/default: (no limit|never)/.test(help),
  );

  for (const [key, { help }] of limits) {
    const ms = parseTime(/default (\w+)/.exec(help)?.[1] ?? "");
    expect([key, config[key as keyof typeof config]]).toEqual([key, ms]);
  }
  expect(limits).toHaveLength(16);
});
