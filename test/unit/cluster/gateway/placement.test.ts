// On which node a run starts.

import { expect, test } from "vitest";
import {
  type PlaceableNode,
  placeRun,
  type RunToPlace,
} from "../../../../src/cluster/gateway/placement.ts";

function node(name: string, changes: Partial<PlaceableNode> = {}): PlaceableNode {
  return {
    name,
    contextTokens: 1_000,
    freeSlots: 1,
    running: 0,
    sharedTokens: 0,
    decodeTokensPerSecond: null,
    prefillTokensPerSecond: 100,
    hasSuspect: false,
    ...changes,
  };
}

const RUN: RunToPlace = { promptTokens: 300, maxTokens: 100, isSuspect: false, waitedMs: 0 };

test("the longest shared prefix comes first, and then the smallest load by measured speed", () => {
  const loaded = node("a", { running: 3 });
  expect(placeRun([loaded, node("b")], RUN)).toEqual({ type: "node", name: "b" });
  expect(placeRun([{ ...loaded, sharedTokens: 64 }, node("b")], RUN)).toEqual({
    type: "node",
    name: "a",
  });

  const fast = node("a", { running: 3, decodeTokensPerSecond: 100 });
  const slow = node("b", { running: 1, decodeTokensPerSecond: 10 });
  expect(placeRun([slow, fast], RUN)).toEqual({ type: "node", name: "a" });
  expect(placeRun([slow, { ...fast, running: 30 }], RUN)).toEqual({ type: "node", name: "b" });
});

test("a full node with the prefix is waited for as long as another one takes to read it", () => {
  const nodes = [node("a", { freeSlots: 0, sharedTokens: 200 }), node("b", { sharedTokens: 100 })];

  expect(placeRun(nodes, RUN)).toEqual({ type: "wait", forMs: 1_000 });
  expect(placeRun(nodes, { ...RUN, waitedMs: 400 })).toEqual({ type: "wait", forMs: 600 });
  expect(placeRun(nodes, { ...RUN, waitedMs: 1_000 })).toEqual({ type: "node", name: "b" });
  const unmeasured = nodes.map((each) => ({ ...each, prefillTokensPerSecond: null }));
  expect(placeRun(unmeasured, RUN)).toEqual({ type: "node", name: "b" });
});

test("a run waits while all nodes are full", () => {
  expect(placeRun([], RUN)).toEqual({ type: "wait", forMs: null });
  expect(placeRun([node("a", { freeSlots: 0 })], RUN)).toEqual({ type: "wait", forMs: null });
});

test("a suspect never joins another one, while other requests do", () => {
  const nodes = [node("a", { hasSuspect: true })];
  expect(placeRun(nodes, { ...RUN, isSuspect: true })).toEqual({ type: "wait", forMs: null });
  expect(placeRun(nodes, RUN)).toEqual({ type: "node", name: "a" });
});

test("a node with a smaller context is used only if none holds the whole answer", () => {
  const small = node("a", { contextTokens: 350, sharedTokens: 300 });
  expect(placeRun([small, node("b")], RUN)).toEqual({ type: "node", name: "b" });
  expect(placeRun([small], RUN)).toEqual({ type: "node", name: "a" });
  expect(placeRun([{ ...small, contextTokens: 300 }], RUN)).toEqual({ type: "wait", forMs: null });
});
