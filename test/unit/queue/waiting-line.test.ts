// The order of those who wait: first come, first served, returning ones before new ones.

import { expect, test } from "vitest";
import { WaitingLine } from "../../../src/queue/waiting-line.ts";

function line(
  ...entries: readonly (readonly [id: string, kind?: "returning" | "flex" | "returning flex"])[]
) {
  const served: string[] = [];
  const waiting = new WaitingLine();
  for (const [id, kind = ""] of entries) {
    const isReturning = kind.includes("returning");
    waiting.enqueue(async () => served.push(id), {
      id,
      isReturning,
      isFlex: kind.includes("flex"),
    });
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
  const { serveAll } = line(["new1"], ["back1", "returning"], ["new2"], ["back2", "returning"]);

  expect(serveAll()).toEqual(["back1", "back2", "new1", "new2"]);
});

test("serves those that nobody waits for last, in the order of arrival", () => {
  const { serveAll } = line(
    ["flex1", "flex"],
    ["new1"],
    ["flex2", "flex"],
    ["back", "returning"],
    ["new2"],
  );

  expect(serveAll()).toEqual(["back", "new1", "new2", "flex1", "flex2"]);
});

test("lets one that nobody waits for come back before new ones: it holds memory", () => {
  expect(line(["new"], ["flex", "returning flex"]).serveAll()).toEqual(["flex", "new"]);
});

test("tells flex requests how far back they are", () => {
  const { waiting } = line(["flex", "flex"], ["a"], ["b"]);

  expect([waiting.positionOf("a"), waiting.positionOf("flex")]).toEqual([1, 3]);
});

test("knows who is next, second, and not in line", () => {
  const { waiting } = line(["a"], ["b"], ["back", "returning"]);

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
