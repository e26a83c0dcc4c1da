// Models that were never loaded are described one after the other, once the first model is loaded.

import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { deferred } from "../../../src/generation/deferred.ts";
import type { FleetModel } from "../../../src/models/fleet/fleet-model.ts";
import type { ModelSpec } from "../../../src/models/model-spec.ts";
import { Survey } from "../../../src/models/survey.ts";
import { FAKE_MODEL } from "../../support/engines/fake-engine.ts";

const LIMIT = { ramBytes: 100, vramBytes: 0 };
const SPEC = {} as ModelSpec;

function open() {
  const asked: string[] = [];
  const answers = new Map<string, ReturnType<typeof deferred<void>>>();
  const signals: AbortSignal[] = [];
  const survey = new Survey({
    memoryLimit: () => LIMIT,
    describe: async (_, { signal, memoryLimit }) => {
      expect(memoryLimit).toEqual(LIMIT);
      signals.push(signal);
      return FAKE_MODEL;
    },
  });
  const add = (name: string) => {
    const model = {
      isUnknown: true,
      describe: () => {
        asked.push(name);
        const answer = deferred<void>();
        answers.set(name, answer);
        return answer.promise;
      },
    };
    survey.add(model as unknown as FleetModel); // what is used of it
    return model;
  };
  return { survey, asked, answers, signals, add };
}

test("describes nothing before it is started, then one model at a time", async () => {
  const { survey, asked, answers, add } = open();
  for (const name of ["a", "b"]) add(name);
  expect(asked).toEqual([]);

  survey.start();
  await nextTurn();
  expect(asked).toEqual(["a"]);
  answers.get("a")?.resolve();
  await nextTurn();

  expect(asked).toEqual(["a", "b"]);
});

test("skips a model that is known meanwhile, and describes those that are added later", async () => {
  const { survey, asked, add } = open();
  add("a").isUnknown = false;
  survey.start();
  await nextTurn();
  expect(asked).toEqual([]);

  add("b");
  await nextTurn();

  expect(asked).toEqual(["b"]);
});

test("ends what it describes when it is closed", async () => {
  const { survey, asked, signals, answers, add } = open();
  for (const name of ["a", "b"]) add(name);
  survey.start();
  expect(await survey.describe(SPEC)).toBe(FAKE_MODEL);

  survey.close();
  answers.get("a")?.resolve();
  await nextTurn();

  expect(signals[0]?.aborted).toBe(true);
  expect(asked).toEqual(["a"]);
});
