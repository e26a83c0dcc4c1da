// How a server follows its configuration file.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { readCommandLine } from "../../../src/config/command-line.ts";
import { ConfigError } from "../../../src/config/config-error.ts";
import { type ConfigFileWatch, watchConfigFile } from "../../../src/config/watch-config-file.ts";
import { untilNoticed } from "../../support/keys.ts";

const scratch = mkdtempSync(path.join(tmpdir(), "sluice-watch-"));
const file = path.join(scratch, "sluice.yaml");
const watches: { close(): void }[] = [];

afterEach(() => {
  for (const watch of watches.splice(0)) watch.close();
});
afterAll(() => rmSync(scratch, { recursive: true }));

function watch(text: string, changes: Partial<ConfigFileWatch> = {}) {
  writeFileSync(file, text);
  const command = readCommandLine(["--config", file, "--slots", "3"], {});
  if (command.type !== "serve") throw new Error("it prints a text");
  const { config, reread: read } = command;
  const onChange = vi.fn<ConfigFileWatch["onChange"]>();
  const onError = vi.fn<ConfigFileWatch["onError"]>();
  watches.push(watchConfigFile({ file, config, read, pollMs: 10, onChange, onError, ...changes }));
  return { onChange, onError };
}

function change(text: string, report: { readonly mock: { readonly calls: unknown[] } }) {
  writeFileSync(file, text);
  return untilNoticed(file, () => report.mock.calls.length > 0);
}

test("gives the settings that are in effect, and what has changed", async () => {
  const { onChange, onError } = watch("queue: 1\nport: 1\n");

  await change("queue: 2\nport: 2\nslots: 9\n", onChange);

  expect(onChange.mock.calls).toEqual([
    [
      expect.objectContaining({ queue: 2, port: 1, slots: 3 }),
      { reloadable: ["queue"], needsRestart: ["port"] },
    ],
  ]);
  expect(onError).not.toHaveBeenCalled();
});

test("a file that is wrong changes nothing, and is reported in one line", async () => {
  const { onChange, onError } = watch("queue: 1\n");

  await change("queue: x\n", onError);
  expect(onError.mock.lastCall).toEqual([
    `${file}:1: queue is "x": allowed is an integer from 0 to 100000; keeping the previous settings`,
  ]);
  expect(onChange).not.toHaveBeenCalled();

  await change("queue: 3\n", onChange);
  expect(onChange.mock.lastCall?.[0]).toMatchObject({ queue: 3 });
});

test("a file that is away for a moment changes nothing", async () => {
  const { onChange, onError } = watch("queue: 1\n");

  await change("queue: 2\n", onChange);
  rmSync(file);
  await untilNoticed(file, () => onError.mock.calls.length > 0);

  expect(onError.mock.lastCall?.[0]).toMatch(/cannot read .*: ENOENT; keeping the previous/);
  expect(onChange).toHaveBeenCalledTimes(1);
});

test("tries again by itself when there were too many open files", async () => {
  const cause = Object.assign(new Error("too many"), { code: "EMFILE" });
  const { config, read } = settings("queue: 1\n");
  const reads = vi
    .fn(() => ({ ...read(), queue: 7 }))
    .mockImplementationOnce(() => {
      throw new ConfigError("cannot read it: EMFILE", { cause });
    });
  const { onChange, onError } = watch("queue: 1\n", { config, read: reads });
  await change("queue: 1\n", onError);

  await untilNoticed(file, () => onChange.mock.calls.length > 0);
  expect(onChange.mock.lastCall?.[0]).toMatchObject({ queue: 7 });
});

function settings(text: string) {
  writeFileSync(file, text);
  const command = readCommandLine(["--config", file], {});
  if (command.type !== "serve") throw new Error("it prints a text");
  return { config: command.config, read: command.reread };
}
