// The checks of settings that a program gives as values, not as flags.

import { expect, test } from "vitest";
import type { Config } from "../../../src/config/config.ts";
import { ConfigError } from "../../../src/config/config-error.ts";
import { configWith } from "../../../src/config/config-with.ts";

function complaintAbout(settings: object): string {
  try {
    configWith(settings);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error("was accepted");
}

test.each<[object, string]>([
  [{ slot: 2 }, "slot is not a setting"],
  [{ toString: 2 }, "toString is not a setting"],
  [{ slots: 0 }, "slots is 0: allowed is an integer from 1 to 256"],
  [{ slots: 1.5 }, "slots is 1.5: allowed is an integer from 1 to 256"],
  [{ port: "x" }, 'port is "x": allowed is an integer from 0 to 65535'],
  [{ port: "80" }, 'port is "80": allowed is an integer from 0 to 65535'],
  [{ host: null }, "host is null: allowed is an address"],
  [
    { queueTimeoutMs: 0 },
    "queueTimeoutMs is 0: allowed is a number of milliseconds from 1 to 2000000000",
  ],
  [
    { queueTimeoutMs: "30" },
    'queueTimeoutMs is "30": allowed is a number of milliseconds from 1 to 2000000000',
  ],
  [{ page: "off" }, 'page is "off": allowed is true or false'],
  [{ strict: 1 }, "strict is 1: allowed is true or false"],
  [{ alias: "gpt-4o" }, 'alias is "gpt-4o": allowed is a list of values, each a name'],
  [
    { trustProxy: "loopback" },
    'trustProxy is "loopback": allowed is a number of proxies, or a list of addresses and networks',
  ],
  [{ logLevel: "loud" }, 'logLevel is "loud": allowed is silent, error, warn, info or debug'],
  [{ model: "" }, 'model is "": allowed is a path to a .gguf file'],
  [{ model: [] }, "model is []: allowed is a list of values, each a path to a .gguf file"],
  [{ model: [{ name: "x" }] }, 'model is [{"name":"x"}]: it lacks a path'],
  [
    { model: [{ path: "a.gguf", gpuLayers: -1 }] },
    'model is [{"path":"a.gguf","gpuLayers":-1}]: gpuLayers must be an integer from 0 to 10000, not -1',
  ],
  [
    { model: [{ path: "a.gguf", alias: "x" }] },
    'model is [{"path":"a.gguf","alias":"x"}]: unknown option "alias" (did you mean aliases?); allowed are path, name, aliases, context, slots, gpuLayers, isPinned, isPreloaded',
  ],
])("refuses %j and says what is allowed", (settings, expected) => {
  expect(complaintAbout(settings)).toBe(expected);
});

test("does not show a key that is not allowed", () => {
  expect(complaintAbout({ apiKey: ["my secret"] })).toBe(
    "apiKey: allowed is a list of values, each a key of printable ASCII characters without spaces",
  );
});

test("requires a key where other machines can connect, as the command line does", () => {
  expect(complaintAbout({ host: "0.0.0.0" })).toBe(
    'host is "0.0.0.0": other machines can connect, so it requires apiKey or keysFile (or allowNoKey)',
  );
  for (const settings of [{ apiKey: ["k"] }, { keysFile: "keys.json" }, { allowNoKey: true }])
    expect(configWith({ host: "0.0.0.0", ...settings }).host).toBe("0.0.0.0");
});

test("requires memory for two of the largest bodies, as the command line does", () => {
  expect(complaintAbout({ bodyMemory: 8192, bodyLimit: 5000 })).toBe(
    "bodyMemory is 8192: a body of 5000 bytes (bodyLimit) could never fit; allowed is 10000 or more",
  );
});

test("accepts every kind of value, and a whole configuration again", () => {
  const settings: Partial<Config> = {
    port: 0,
    slots: 2,
    drainTimeoutMs: 50,
    page: false,
    alias: ["a,b"],
    trustProxy: ["loopback", "10.0.0.0/8"],
    logFormat: "json",
    memoryBudget: 1_000_000,
    idleUnloadMs: 60_000,
    modelsDir: "/models",
  };
  const config = configWith(settings);

  expect(config).toEqual({ ...configWith({}), ...settings });
  expect(configWith(config)).toEqual(config);
  expect(configWith({ trustProxy: 1 }).trustProxy).toBe(1);
});

test("takes one model as a text, and several as texts and objects", () => {
  const plain = {
    name: null,
    aliases: [],
    context: null,
    slots: null,
    gpuLayers: null,
    isPinned: false,
    isPreloaded: false,
  };

  expect(configWith({ model: "/x/a.gguf" }).model).toEqual([{ ...plain, path: "/x/a.gguf" }]);
  expect(
    configWith({ model: ["b=b.gguf,pin", { path: "c,=.gguf", aliases: ["d"], slots: 2 }] }).model,
  ).toEqual([
    { ...plain, name: "b", path: "b.gguf", isPinned: true },
    { ...plain, path: "c,=.gguf", aliases: ["d"], slots: 2 },
  ]);
});

test("reads a setting that is undefined as missing", () => {
  expect(configWith({ context: undefined, ...({ slots: undefined } as object) })).toEqual(
    configWith({}),
  );
});
