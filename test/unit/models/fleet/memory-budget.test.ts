// How much memory models may use together, and one of them alone.

import { expect, test } from "vitest";
import {
  MemoryBudget,
  type MemoryBudgetOptions,
} from "../../../../src/models/fleet/memory-budget.ts";

const GB = 1e9;

function budgetOf(options: Partial<MemoryBudgetOptions>): MemoryBudget {
  return new MemoryBudget({
    limitBytes: null,
    availableBytes: 0,
    savedBytes: 0,
    gpuBytes: 0,
    ...options,
  });
}

test("leaves a tenth of the available memory, and what saved prompts may take", () => {
  const { total } = budgetOf({ availableBytes: 100 * GB, savedBytes: 10 * GB });

  expect(total.ramBytes).toBe(80 * GB);
});

test("leaves at least half a gibibyte, and is never negative", () => {
  const { total } = budgetOf({ availableBytes: 2 * GB });

  expect(total.ramBytes).toBe(2 * GB - 2 ** 29);
  expect(budgetOf({ availableBytes: GB / 4 }).total.ramBytes).toBe(0);
});

test("takes the given limit for RAM and for the GPU, but not more than the GPU has", () => {
  const limitBytes = 30 * GB;

  expect(budgetOf({ limitBytes }).total).toEqual({ ramBytes: limitBytes, vramBytes: limitBytes });
  expect(budgetOf({ limitBytes, gpuBytes: 20 * GB }).total.vramBytes).toBe(19 * GB);
  expect(budgetOf({ gpuBytes: 20 * GB }).total.vramBytes).toBe(19 * GB);
});

test("gives one model all of it, and one of several half", () => {
  const budget = budgetOf({ limitBytes: 8 * GB });

  expect(budget.shareOf(1, []).ramBytes).toBe(8 * GB);
  expect(budget.shareOf(3, []).ramBytes).toBe(4 * GB);
});

test("leaves room beside one model for the models for embeddings that the settings name", () => {
  const budget = budgetOf({ limitBytes: 8 * GB });

  expect(budget.shareOf(1, [GB, GB]).ramBytes).toBe(6 * GB - 2 ** 30);
  expect(budget.shareOf(1, [10 * GB]).ramBytes).toBe(0);
});

test("expects a model for embeddings to take hardly more than its file, and at most half", () => {
  const budget = budgetOf({ limitBytes: 8 * GB });

  expect(budget.embeddingShare(GB)).toEqual({ ramBytes: GB, vramBytes: 0 });
  expect(budget.embeddingShare(9 * GB).ramBytes).toBe(4 * GB);
});

test("says what is left beside pinned models", () => {
  const budget = budgetOf({ limitBytes: 8 * GB });

  expect(budget.beside({ ramBytes: 5 * GB, vramBytes: 9 * GB })).toEqual({
    ramBytes: 3 * GB,
    vramBytes: 0,
  });
});
