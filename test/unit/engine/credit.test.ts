// How much the worker may send: a whole buffer, or little while a suspect is not cleared, and what the reader has taken.

import { expect, test } from "vitest";
import { Credit } from "../../../src/engine/credit.ts";

test("a run starts with a whole buffer, and nothing is due", () => {
  const credit = new Credit({ bufferBytes: 100, isSuspect: false });

  expect([credit.firstBytes, credit.isDue]).toEqual([100, false]);
});

test("is due when half a buffer was taken, and sends all that was taken", () => {
  const credit = new Credit({ bufferBytes: 100, isSuspect: false });

  credit.add(49);
  expect(credit.isDue).toBe(false);
  credit.add(3);
  expect(credit.isDue).toBe(true);

  expect(credit.takeAll()).toBe(52);
  expect([credit.isDue, credit.takeAll()]).toEqual([false, 0]);
});

test("a suspect starts with little, and gets no more until it is cleared", () => {
  const credit = new Credit({ bufferBytes: 100, isSuspect: true });
  expect(credit.firstBytes).toBe(32);

  credit.add(200);
  expect(credit.isDue).toBe(false);

  expect(credit.takeAll()).toBe(200 + 100 - 32);
  credit.add(50);
  expect(credit.isDue).toBe(true);
});

test("a suspect never gets more than the buffer holds", () => {
  const credit = new Credit({ bufferBytes: 10, isSuspect: true });

  expect([credit.firstBytes, credit.takeAll()]).toEqual([10, 0]);
});
