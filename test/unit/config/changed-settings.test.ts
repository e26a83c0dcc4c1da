// Which changed settings take effect at once.

import { expect, test } from "vitest";
import {
  changedSettings,
  describeChanges,
  isReloadable,
  reloadedConfig,
} from "../../../src/config/changed-settings.ts";
import { SETTING_KEYS } from "../../../src/config/config.ts";
import { ConfigError } from "../../../src/config/config-error.ts";
import { configWith, type ServiceSettings } from "../../../src/config/config-with.ts";

const before: ServiceSettings = { model: ["a.gguf"], apiKey: ["old-secret"] };

function changesTo(settings: ServiceSettings) {
  return changedSettings(configWith(before), configWith({ ...before, ...settings }));
}

test("the same settings are no change", () => {
  expect(changesTo({ model: "a.gguf" })).toEqual({ reloadable: [], needsRestart: [] });
  expect(describeChanges(changesTo({}))).toBe("");
});

test("says which settings take effect, and which require a restart", () => {
  const changes = changesTo({ queue: 1, maxTokens: 5, port: 1, cacheRam: 0 });

  expect(changes).toEqual({
    reloadable: ["maxTokens", "queue"],
    needsRestart: ["cacheRam", "port"],
  });
  expect(describeChanges(changes)).toBe(
    "changed: max-tokens, queue; requires a restart: cache-ram, port",
  );
});

test.each<[ServiceSettings, string]>([
  [{ model: ["a.gguf,pin"] }, "changed: model"],
  [{ queueTimeoutMs: 5 }, "changed: queue-timeout"],
  [{ apiKey: ["new-secret"] }, "changed: api-key"],
  [{ embeddingModel: "e.gguf" }, "requires a restart: embedding-model"],
])("describes %j by names alone", (settings, text) => {
  expect(describeChanges(changesTo(settings))).toBe(text);
});

test("models, keys, limits and memory are reloadable", () => {
  expect(SETTING_KEYS.filter(isReloadable)).toEqual([
    ...["model", "alias", "modelsDir", "memoryBudget", "idleUnloadMs"],
    ...["maxTokens", "queue", "queueTimeoutMs", "bufferedQueueTimeoutMs", "firstTokenTimeoutMs"],
    ...["requestTimeoutMs", "drainTimeoutMs", "strict"],
    ...["flexWaitMs", "apiKey", "apiKeyFile", "keysFile"],
  ]);
});

test("the other settings keep their values until the next start", () => {
  const after = configWith({ queue: 1, port: 1, model: "b.gguf" });

  expect(reloadedConfig(configWith({}), after)).toEqual(configWith({ queue: 1, model: "b.gguf" }));
});

test("a key is not taken away from a server that other machines can reach", () => {
  const open = configWith({ host: "0.0.0.0", apiKey: ["k"] });

  expect(() => reloadedConfig(open, configWith({ host: "127.0.0.1" }))).toThrow(ConfigError);
  expect(reloadedConfig(open, configWith({ apiKey: ["other"] })).apiKey).toEqual(["other"]);
});
