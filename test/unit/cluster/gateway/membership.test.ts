// Which nodes are members: announcements in, joins, losses and fences out.

import { beforeEach, expect, test } from "vitest";
import { Membership } from "../../../../src/cluster/gateway/membership.ts";
import { type Announcement, PROTOCOL_VERSION } from "../../../../src/cluster/messages.ts";

let log: string[] = [];
let membership: Membership;
beforeEach(() => {
  log = [];
  membership = new Membership({
    onJoin: ({ incarnation }) => log.push(`join ${incarnation}`),
    onLost: ({ incarnation }) => log.push(`lose ${incarnation}`),
    onOutdated: (node, by) => log.push(`fence ${node.incarnation} by ${by.incarnation}`),
    onChange: () => {},
    log: (level, message) => level === "warn" && log.push(message),
  });
});

function announce(nowMs: number, changes: Partial<Announcement> = {}, version = PROTOCOL_VERSION) {
  const announced: Announcement = {
    type: "announce",
    name: "a",
    incarnation: "a1",
    startedAtMs: 1,
    release: "0",
    isDraining: false,
    models: [],
    ...changes,
  };
  const { name, incarnation } = announced;
  const packet = { version, from: { name, incarnation }, messages: [announced] as const };
  membership.receive(packet, nowMs);
}

function tickTo(nowMs: number, fromMs: number) {
  for (let atMs = fromMs; atMs <= nowMs; atMs += 500) membership.tick(atMs);
}

const names = () => membership.members.map(({ incarnation }) => incarnation);

test("a node that was not heard for three announcements is lost, and may join again", () => {
  announce(0);
  tickTo(3_000, 0);
  expect(names()).toEqual(["a1"]);

  membership.tick(3_500);
  expect(names()).toEqual([]);
  expect(log).toEqual(["join a1", expect.stringContaining("3 s"), "lose a1"]);

  announce(4_000);
  expect(names()).toEqual(["a1"]);
});

test("a node that has shut down is lost without a warning", () => {
  announce(0);
  announce(100, { isDraining: true });
  tickTo(4_000, 0);

  expect(names()).toEqual([]);
  expect(log).toEqual(["join a1", "lose a1"]);
});

test("the time without a connection does not count", () => {
  announce(0);
  membership.setConnected(false, 1_000);
  tickTo(60_000, 1_000);
  expect(names()).toEqual(["a1"]);

  membership.setConnected(true, 60_000);
  tickTo(63_000, 60_000);
  expect(names()).toEqual(["a1"]);
  membership.tick(63_500);
  expect(names()).toEqual([]);
});

test("a pause of the gateway itself is not held against the nodes", () => {
  announce(0);
  membership.tick(0);
  membership.tick(30_000);
  expect(names()).toEqual(["a1"]);
  tickTo(33_500, 30_000);
  expect(names()).toEqual([]);
});

test("of two processes with one name the older one is fenced and lost at once", () => {
  announce(0);
  announce(100, { incarnation: "a2", startedAtMs: 2 });
  expect(names()).toEqual(["a2"]);
  expect(log).toEqual([
    "join a1",
    expect.stringContaining("another process has its name"),
    "lose a1",
    "fence a1 by a2",
    "join a2",
  ]);

  announce(200); // the older one is still there
  expect(names()).toEqual(["a2"]);
  expect(log.at(-1)).toBe("fence a1 by a2");
});

test("nodes of neighbouring versions work together, others are refused with one line each", () => {
  announce(0, {}, PROTOCOL_VERSION + 1);
  expect(names()).toEqual(["a1"]);

  for (const nowMs of [0, 1_000]) announce(nowMs, { name: "b", incarnation: "b1" }, 7);
  expect(names()).toEqual(["a1"]);
  expect(log.filter((line) => line.includes("version 7"))).toHaveLength(1);
});
