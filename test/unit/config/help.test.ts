// --help and --help-all: what they list, and how it looks.

import { expect, test } from "vitest";
import { readCommandLine } from "../../../src/config/command-line.ts";
import { flagName, SETTING_KEYS, SETTINGS } from "../../../src/config/config.ts";
import { GROUPS } from "../../../src/config/settings/setting.ts";

const HELP_FLAGS = ["config", "help", "help-all", "version"];

function printedBy(flag: string): string {
  const command = readCommandLine([flag], {});
  if (command.type !== "print") throw new Error("it would start the server");
  return command.text;
}

/** The flags below each heading. */
function listedIn(text: string): Readonly<Record<string, readonly string[]>> {
  const blocks = text.split("\n\n").map((block) => block.split("\n"));
  return Object.fromEntries(
    blocks.map(([heading = "", ...lines]) => [
      heading,
      lines.flatMap((line) => /^ {2}--([a-z-]+)/.exec(line)?.[1] ?? []),
    ]),
  );
}

test("every setting has one group, and --help-all lists it there and nowhere else", () => {
  const listed = listedIn(printedBy("--help-all"));

  for (const [group, heading] of Object.entries(GROUPS)) {
    const flags = SETTING_KEYS.filter((key) => SETTINGS[key].group === group).map(flagName);
    expect(listed[heading]).toEqual(flags);
    expect(flags.length).toBeGreaterThan(1);
  }
  const all = Object.values(listed).flat();
  expect(all.toSorted()).toEqual([...SETTING_KEYS.map(flagName), ...HELP_FLAGS].toSorted());
});

test.each(["--help", "-h"])("%s lists every setting but those for experts", (flag) => {
  const listed = Object.values(listedIn(printedBy(flag))).flat();

  const usual = SETTING_KEYS.filter((key) => !SETTINGS[key].isExpert).map(flagName);
  expect(listed.toSorted()).toEqual([...usual, ...HELP_FLAGS].toSorted());
  expect(usual).toEqual(expect.arrayContaining(["model", "drain-timeout", "api-key"]));
  expect(usual).not.toContain("step-target-ms");
});

test.each(["--help", "--help-all"])("%s is aligned, and at most 100 columns wide", (flag) => {
  const lines = printedBy(flag).split("\n");

  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(100);
  const columns = lines.flatMap((line) => {
    const [lead] = /^ {2}--\S+( \S+)? {2,}(?=\S)|^ {20,}(?=\S)/.exec(line) ?? [];
    return lead === undefined ? [] : [lead.length];
  });
  expect(new Set(columns).size).toBe(1);
  expect(columns.length).toBeGreaterThan(SETTING_KEYS.length / 2);
});

test("names the four APIs and the other commands", () => {
  const text = printedBy("--help");

  expect(text).toMatch(/^Sluice serves .* OpenAI, Anthropic, Gemini and Ollama APIs/);
  for (const command of ["sluice keys", "sluice pull"]) expect(text).toContain(command);
});

test("every text is complete by itself: it does not refer to the setting above", () => {
  for (const key of SETTING_KEYS) {
    expect(SETTINGS[key].help).not.toMatch(/^(so|also|its|the same)\b|so long|so many/);
  }
});
