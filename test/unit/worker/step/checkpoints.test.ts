// When the state of a slot is saved while a prompt is read.

import { expect, test } from "vitest";
import type { CheckpointPlaces } from "../../../../src/generation/request.ts";
import { Batcher } from "../../../../src/worker/step/batcher.ts";
import {
  checkpointLimits,
  nextCheckpoint,
  takeCheckpoint,
} from "../../../../src/worker/step/checkpoints.ts";
import { Slot } from "../../../../src/worker/step/slots.ts";

/** A slot that has read some tokens, and records the checkpoints that it takes. */
function slotAt(nextTokenIndex: number, lastCheckpointIndex = 0) {
  const taken: string[] = [];
  const sequence = {
    nextTokenIndex,
    lastCheckpointIndex,
    takeCheckpoint: async () => taken.push("plain"),
    _takeNamedCheckpoint: async (name: string, most: number) => taken.push(`${name} ${most}`),
  };
  return { slot: new Slot(0, sequence as unknown as Slot["sequence"]), taken };
}

async function takenAt(nextTokenIndex: number, last: number, places: CheckpointPlaces | null) {
  const { slot, taken } = slotAt(nextTokenIndex, last);
  const batcher = new Batcher({ onStep: () => {}, onStepTime: () => {} });
  batcher.enter();
  await takeCheckpoint(places, slot, batcher);
  return taken;
}

const PLACES = { system: 100, turn: 200 };

test.each([
  ["nothing is read yet", 0, 0, 100],
  ["the system prompt is read", 100, 99, 200],
  ["the slot has gone back to within the question", 150, 0, 200],
  ["a checkpoint is close to the next place", 90, 89, 200],
  ["all places are read", 200, 199, Number.POSITIVE_INFINITY],
])("reads up to the next place when %s", (_when, position, last, expected) => {
  expect(nextCheckpoint(PLACES, slotAt(position, last).slot)).toBe(expected);
});

test("a prompt without places is read without a stop", () => {
  expect(nextCheckpoint(null, slotAt(0).slot)).toBe(Number.POSITIVE_INFINITY);
});

test("a checkpoint at the end of the system prompt is kept apart from the others", async () => {
  expect(await takenAt(100, 0, PLACES)).toEqual(["system 1"]);
  expect(await takenAt(200, 99, PLACES)).toEqual(["plain"]);
});

test("no checkpoint is taken close to another, or for a model that can go back anywhere", async () => {
  expect(await takenAt(120, 99, PLACES)).toEqual([]);
  expect(await takenAt(200, 0, null)).toEqual([]);
});

test("the checkpoints of all slots share a part of the free memory", () => {
  expect(checkpointLimits(4, 6.4e9).maxMemory).toBe(1e8);
  expect(checkpointLimits(4, 1e12).maxMemory).toBe(2 ** 29);
});
