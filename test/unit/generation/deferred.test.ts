// Promises that are settled from outside, and waits that a signal can abort.

import { getEventListeners } from "node:events";
import { setImmediate as turn } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import { deferred, orAborted } from "../../../src/generation/deferred.ts";

const REASON = new ServiceError("request_timeout", "too slow");

test("is settled from outside", async () => {
  const resolved = deferred<number>();
  const rejected = deferred<number>();

  resolved.resolve(5);
  rejected.reject(new Error("no"));

  expect(await resolved.promise).toBe(5);
  await expect(rejected.promise).rejects.toThrow("no");
});

test("counts a rejection that is not awaited as handled", async () => {
  const onUnhandled = vi.fn();
  process.on("unhandledRejection", onUnhandled);
  onTestFinished(() => void process.off("unhandledRejection", onUnhandled));

  deferred<void>().reject(new Error("not awaited"));
  await turn();

  expect(onUnhandled).not.toHaveBeenCalled();
});

test("returns the promise's own value or error if nothing is aborted", async () => {
  const { signal } = new AbortController();

  expect(await orAborted(Promise.resolve("value"), signal)).toBe("value");
  await expect(orAborted(Promise.reject(new Error("own")), signal)).rejects.toThrow("own");
});

test("throws the signal's reason as soon as it is aborted", async () => {
  const controller = new AbortController();

  const waiting = orAborted(deferred<void>().promise, controller.signal);
  controller.abort(REASON);

  await expect(waiting).rejects.toBe(REASON);
});

test("does not wait if the signal is already aborted", async () => {
  await expect(orAborted(Promise.resolve(1), AbortSignal.abort(REASON))).rejects.toBe(REASON);
});

test("removes its listener in every case", async () => {
  const controller = new AbortController();
  const { signal } = controller;

  await orAborted(Promise.resolve(), signal);
  await orAborted(Promise.reject(new Error("own")), signal).catch(() => {});
  expect(getEventListeners(signal, "abort")).toHaveLength(0);
  const waiting = orAborted(deferred<void>().promise, signal);
  expect(getEventListeners(signal, "abort")).toHaveLength(1);
  controller.abort(REASON);
  await waiting.catch(() => {});

  expect(getEventListeners(signal, "abort")).toHaveLength(0);
});
