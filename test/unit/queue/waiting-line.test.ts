// The order of those who wait: first come, first served, returning ones before new ones.

import { expect, test } from "vitest";
import { WaitingLine } from "../../../src/queue/waiting-line.ts";

function line(...entries: readonly (readonly [id: string, isReturning?: boolean])[]) {
  const served: string[] = [];
  const waiting = new WaitingLine();
  for (const [id, isReturning = false] of entries) {
    waiting.enqueue(async () => served.push(id), { id, isReturning });
  }
  const serveAll = () => {
    for (let start = waiting.dequeue(); start; start = waiting.dequeue()) void start();
    return served;
  };
  return { waiting, serveAll };
}

test("serves in the order of arrival", () => {
  expect(line(["a"], ["b"], ["c"]).serveAll()).toEqual(["a", "b", "c"]);
});

test("serves those who come back before the new ones, in the order of their return", () => {
  const { serveAll } = line(["new1"], ["back1", true], ["new2"], ["back2", true]);

  expect(serveAll()).toEqual(["back1", "back2", "new1", "new2"]);
});

test("knows who is next, second, and not in line", () => {
  const { waiting } = line(["a"], ["b"], ["back", true]);

  expect(waiting.positionOf("back")).toBe(1);
  expect(waiting.positionOf("b")).toBe(3);
  expect(waiting.positionOf("nobody")).toBeNull();
});

test("moves the others up when somebody leaves", () => {
  const { waiting, serveAll } = line(["a"], ["b"], ["c"]);

  waiting.remove("a");

  expect(waiting.size).toBe(2);
  expect(waiting.positionOf("c")).toBe(2);
  expect(serveAll()).toEqual(["b", "c"]);
});

test("has nobody to serve when it is empty", () => {
  expect(line().waiting.dequeue()).toBeUndefined();
});

test("offers p-queue all who wait, and no priorities", () => {
  const { waiting } = line(["a"], ["b"]);

  expect(waiting.filter()).toHaveLength(2);
  expect(() => waiting.setPriority()).toThrow("no priorities");
});
