// One model of the fleet: when requests may use it.

import { expect, test } from "vitest";
import type { EngineStatus, LoadableEngine } from "../../../../src/engine/engine.ts";
import { FleetModel } from "../../../../src/models/fleet/fleet-model.ts";
import { Admissions } from "../../../../src/queue/admissions.ts";
import { FAKE_MODEL } from "../../../support/engines/fake-engine.ts";

const NO_WORKER: EngineStatus = {
  state: "unloaded",
  loadProgress: 0,
  model: null,
  workerPid: null,
  workerRestarts: 0,
  reason: null,
};

/** An engine that ended its worker, to start another one with its next work. */
const withoutWorker: LoadableEngine = {
  load: async () => FAKE_MODEL,
  unload: async () => {},
  status: () => NO_WORKER,
  close: async () => {},
};

function modelWith(engine: LoadableEngine): FleetModel {
  const queue = new Admissions({ slots: 1, maxWaiting: 8, queueTimeoutMs: 1_000, flexWaitMs: 1 });
  return new FleetModel({
    name: "a",
    servedModel: "a",
    isGenerating: false,
    engine,
    lane: queue.addLane("a", 1),
    inside: () => 0,
    refuseWaiting: () => {},
    isPinned: false,
    describe: null,
    charge: () => {},
    memoryShare: () => ({ ramBytes: 1, vramBytes: 0 }),
    fileIdentity: () => "same",
    idleUnloadMs: () => null,
    onChange: () => {},
    onClosed: () => {},
  });
}

// The bug: the server hung in a loop, when an embedding that took long was aborted and another one followed.
test("a loaded model whose engine has no worker now is ready, so that its next work starts one", async () => {
  const model = modelWith(withoutWorker);
  await model.load({ memoryLimit: { ramBytes: 8, vramBytes: 8 }, isShare: false });
  const { signal } = new AbortController();
  const info = await model.ready({ owner: "x", isFlex: false, arrivedAtMs: 0, signal, places: 1 });

  expect(info).toEqual(FAKE_MODEL);
});
