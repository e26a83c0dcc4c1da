// Models that were never loaded are described one after the other, once the first model is loaded.

import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import { deferred } from "../../../src/generation/deferred.ts";
import type { ModelInfo } from "../../../src/generation/model-info.ts";
import type { FleetModel } from "../../../src/models/fleet/fleet-model.ts";
import { ModelFacts } from "../../../src/models/fleet/model-facts.ts";
import type { ModelSpec } from "../../../src/models/model-spec.ts";
import { Survey } from "../../../src/models/survey.ts";
import { FAKE_MODEL } from "../../support/engines/fake-engine.ts";

const LIMIT = { ramBytes: 100, vramBytes: 0 };
const NEED = { ramBytes: 500, vramBytes: 0 };

function open() {
  const asked: string[] = [];
  const answers = new Map<string, ReturnType<typeof deferred<ModelInfo>>>();
  const signals: AbortSignal[] = [];
  const survey = new Survey({
    memoryLimit: () => LIMIT,
    describe: ({ names: [name] }, { signal, memoryLimit }) => {
      expect(memoryLimit).toEqual(LIMIT);
      asked.push(name);
      signals.push(signal);
      const answer = deferred<ModelInfo>();
      answers.set(name, answer);
      return answer.promise;
    },
  });
  const add = (name: string) => {
    const facts = new ModelFacts(() => LIMIT);
    const spec = { names: [name] } as unknown as ModelSpec; // what is used of it
    survey.add({ spec, model: { facts } as FleetModel });
    return facts;
  };
  return { survey, asked, answers, signals, add };
}

test("describes nothing before it is started, then one model at a time", async () => {
  const { survey, asked, answers, add } = open();
  const [first] = ["a", "b"].map(add);
  expect(asked).toEqual([]);

  survey.start();
  await nextTurn();
  expect(asked).toEqual(["a"]);
  answers.get("a")?.resolve(FAKE_MODEL);
  await nextTurn();

  expect(asked).toEqual(["a", "b"]);
  expect(first).toMatchObject({ known: FAKE_MODEL, memory: FAKE_MODEL.memory, loaded: null });
});

test("takes over the need of a model that is too large, and goes on after one that cannot be read", async () => {
  const { survey, asked, answers, add } = open();
  const large = add("large");
  const broken = add("broken");
  add("c");
  survey.start();
  await nextTurn();

  answers.get("large")?.reject(new ServiceError("model_too_large", "too large", { memory: NEED }));
  await nextTurn();
  answers.get("broken")?.reject(new ServiceError("engine_unavailable", "it is no GGUF"));
  await nextTurn();

  expect(large).toMatchObject({ memory: NEED, known: null });
  expect(broken).toMatchObject({ memory: null, known: null });
  expect(asked).toEqual(["large", "broken", "c"]);
});

test("skips a model that was loaded meanwhile, and describes those that are added later", async () => {
  const { survey, asked, add } = open();
  add("a").load(FAKE_MODEL);
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
  await nextTurn();

  survey.close();
  answers.get("a")?.reject(new ServiceError("draining", "the server is shutting down"));
  await nextTurn();

  expect(signals[0]?.aborted).toBe(true);
  expect(asked).toEqual(["a"]);
});
