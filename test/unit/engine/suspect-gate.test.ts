// Which requests may enter the worker after a crash: all requests, or one suspect alone.

import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { SuspectGate } from "../../../src/engine/suspect-gate.ts";
import { ServiceError } from "../../../src/errors.ts";

/** Enters, and records the name when inside. */
function enter(gate: SuspectGate, log: string[], name: string, isSuspect: boolean) {
  const { signal } = new AbortController();
  return gate.enter({ isSuspect, signal }).then((leave) => {
    log.push(name);
    return leave;
  });
}

function open() {
  const gate = new SuspectGate();
  const log: string[] = [];
  return {
    gate,
    log,
    innocent: (name: string) => enter(gate, log, name, false),
    suspect: (name: string) => enter(gate, log, name, true),
  };
}

test("admits any number of other requests", async () => {
  const { gate, log, innocent } = open();

  await Promise.all([innocent("a"), innocent("b")]);

  expect(log).toEqual(["a", "b"]);
  expect(gate.isReserved).toBe(false);
});

test("a suspect waits until all requests inside have left", async () => {
  const { log, innocent, suspect } = open();
  const [leaveA, leaveB] = await Promise.all([innocent("a"), innocent("b")]);

  const waiting = suspect("s");
  leaveA();
  await turn();
  expect(log).toEqual(["a", "b"]);
  leaveB();
  await waiting;

  expect(log).toEqual(["a", "b", "s"]);
});

test("other requests wait while a suspect waits", async () => {
  const { gate, log, innocent, suspect } = open();
  await innocent("first");

  void suspect("s");
  void innocent("late");
  await turn();

  expect(gate.isReserved).toBe(true);
  expect(log).toEqual(["first"]);
});

test("other requests wait while a suspect is inside", async () => {
  const { gate, log, innocent, suspect } = open();
  const leave = await suspect("s");

  const late = innocent("late");
  await turn();
  expect([gate.isReserved, log]).toEqual([true, ["s"]]);
  leave();
  await late;

  expect([gate.isReserved, log]).toEqual([false, ["s", "late"]]);
});

test("a second suspect waits for the one inside", async () => {
  const { log, suspect } = open();
  const leave = await suspect("s1");

  const second = suspect("s2");
  await turn();
  expect(log).toEqual(["s1"]);
  leave();
  await second;

  expect(log).toEqual(["s1", "s2"]);
});

test("leaving twice counts once", async () => {
  const { log, innocent, suspect } = open();
  const leaveA = await innocent("a");
  const leaveB = await innocent("b");

  leaveA();
  leaveA();
  const waiting = suspect("s");
  await turn();
  expect(log).toEqual(["a", "b"]);
  leaveB();
  await waiting;

  expect(log).toEqual(["a", "b", "s"]);
});

test("a suspect that stops waiting blocks no other request", async () => {
  const { gate, log, innocent } = open();
  await innocent("inside");

  const signal = AbortSignal.abort(new ServiceError("aborted", "the client has left"));
  const givesUp = gate.enter({ isSuspect: true, signal });
  const late = innocent("late");

  await expect(givesUp).rejects.toThrow("the client has left");
  await late;
  expect(log).toEqual(["inside", "late"]);
  expect(gate.isReserved).toBe(false);
});

test("suspects that arrive at the same time enter one by one", async () => {
  const { log, suspect } = open();

  const first = suspect("s1");
  const second = suspect("s2");
  const leave = await first;
  await turn();
  const insideTogether = [...log];
  leave();
  (await second)();

  expect(insideTogether).toEqual(["s1"]);
});

test("suspects that wait for the same suspect enter one by one", async () => {
  const { log, suspect } = open();
  const leaveFirst = await suspect("s1");

  const [second, third] = [suspect("s2"), suspect("s3")];
  leaveFirst();
  const leaveSecond = await second;
  await turn();
  const hadEntered = [...log];
  leaveSecond();
  (await third)();

  expect(hadEntered).toEqual(["s1", "s2"]);
});

test("a request that arrives just after a suspect waits for it", async () => {
  const { log, innocent, suspect } = open();

  const first = suspect("s");
  const second = innocent("late");
  const leave = await first;
  await turn();
  const insideTogether = [...log];
  leave();
  (await second)();

  expect(insideTogether).toEqual(["s"]);
});

test("a waiting suspect enters before other waiting requests", async () => {
  const { log, innocent, suspect } = open();
  const leaveFirst = await innocent("first");

  const [waiting, late] = [suspect("s"), innocent("late")];
  leaveFirst();
  const leave = await waiting;
  await turn();
  const hadEntered = [...log];
  leave();
  (await late)();

  expect(hadEntered).toEqual(["first", "s"]);
});
