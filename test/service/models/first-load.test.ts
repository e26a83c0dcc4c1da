// The first load of the default model, with which a server starts, while its settings change.

import { expect, onTestFinished, test } from "vitest";
import { configWith } from "../../../src/config/config-with.ts";
import { FakeEmbeddingEngine } from "../../support/engines/fake-embedding-engine.ts";
import { FakeEngine } from "../../support/engines/fake-engine.ts";
import { BUILTIN_MODEL, startWithEngines, until } from "../../support/start-service.ts";

test.each([
  ["is changed", { path: BUILTIN_MODEL, slots: 2 }],
  ["is replaced", { path: BUILTIN_MODEL, name: "other" }],
])(
  "a default model that %s while it is loaded at the start is no failed start",
  async (_, entry) => {
    const engines: FakeEngine[] = [];
    const engine = () => {
      const made = new FakeEngine({ isCold: true, loadMs: 200 });
      engines.push(made);
      return made;
    };
    const parts = { engine, embeddingEngine: new FakeEmbeddingEngine() };
    const { service } = await startWithEngines(parts, { model: BUILTIN_MODEL });
    onTestFinished(() => service.close());
    await until(() => engines[0]?.loads === 1, "it is being loaded");
    service.reload(configWith({ model: [entry] }));

    await service.firstLoad;
    expect(engines.map(({ loads }) => loads)).toEqual([1, 1]);
    expect(service.models.default.state).toBe("ready");
  },
);
