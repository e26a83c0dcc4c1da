// A promise with external resolve and reject (Node 20 lacks Promise.withResolvers), and waits with a limit: a signal or a time.

import { setMaxListeners } from "node:events";
import { abortReason } from "../errors.ts";

export type Deferred<T> = {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
};

/** A rejection counts as handled even if nothing awaits the promise. */
export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  promise.catch(() => {});
  return { promise, resolve, reject };
}

/** Waits for the promise, or throws the signal's reason as soon as it is aborted. Removes its listener in either case. */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => {}); // after an abort nothing awaits the promise, so a rejection must count as handled
  if (signal.aborted) throw abortReason(signal);
  const aborted = deferred<never>();
  const onAbort = () => aborted.reject(abortReason(signal));
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/**
 * Does something with a signal that is aborted as soon as one of these is. Afterwards it leaves nothing on them, so they may live
 * as long as the process: `AbortSignal.any()` leaves about 70 bytes on each (Node.js 20).
 */
export async function withEither<T>(
  signals: readonly AbortSignal[],
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const either = new AbortController();
  const onAbort = () => either.abort(signals.find(({ aborted }) => aborted)?.reason);
  for (const signal of signals) signal.addEventListener("abort", onAbort, { once: true });
  try {
    if (signals.some(({ aborted }) => aborted)) onAbort();
    return await work(either.signal);
  } finally {
    for (const signal of signals) signal.removeEventListener("abort", onAbort);
  }
}

/** A controller to whose signal any number of waits may listen. */
export function sharedController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** @returns whether the promise was resolved or rejected within the time */
export async function settlesWithin(promise: Promise<unknown>, limitMs: number): Promise<boolean> {
  const late = deferred<boolean>();
  const timer = setTimeout(() => late.resolve(false), limitMs);
  const settled = promise.then(
    () => true,
    () => true,
  );
  const isSettled = await Promise.race([settled, late.promise]);
  clearTimeout(timer);
  return isSettled;
}
