// How often positions are worked out, and what is told in between.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FairShare } from "../../../src/queue/fair-share.ts";
import { Forecast, type LinePlace } from "../../../src/queue/forecast.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function place(position: number): LinePlace {
  return { owner: "a", position, ownPosition: position, ownSlots: 1 };
}

/** Of a line of three, which takes so long to play through. */
function open(takesMs: number) {
  const play = vi.fn(() => {
    vi.advanceTimersByTime(takesMs);
    return new Map([1, 2, 3].map((position) => [`r${position}`, place(position)]));
  });
  return { play, forecast: new Forecast(play) };
}

test("is played once for all who ask, and again when something has changed", () => {
  const { play, forecast } = open(0);
  expect(["r1", "r3", "r9"].map((id) => forecast.of(id)?.position)).toEqual([1, 3, undefined]);
  expect(play).toHaveBeenCalledTimes(1);

  forecast.change();
  forecast.of("r1");

  expect(play).toHaveBeenCalledTimes(2);
});

test("is played again after a second, though nothing has changed", () => {
  const { play, forecast } = open(0);
  forecast.of("r1");

  vi.advanceTimersByTime(999);
  forecast.of("r1");
  expect(play).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  forecast.of("r1");

  expect(play).toHaveBeenCalledTimes(2);
});

test("where it takes long, moves those up who wait, and is played again only after a while", () => {
  const { play, forecast } = open(10);
  forecast.of("r1");
  forecast.serve();
  forecast.serve();

  expect([forecast.of("r3")?.position, forecast.next("a")?.position]).toEqual([1, 1]);
  vi.advanceTimersByTime(199);
  forecast.of("r3");
  expect(play).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  forecast.of("r3");

  expect(play).toHaveBeenCalledTimes(2); // 10 ms of 210
});

test("tells those beyond a thousand a place by their arrival", () => {
  const line = new FairShare({ slots: 1, flexWaitMs: 60_000 });
  for (let index = 0; index < 3_000; index += 1) {
    line.enqueue(async () => {}, { id: `a${index}`, owner: index < 1_500 ? "a" : "b", cost: 10 });
  }

  const told = [1, 499, 500, 1_000, 1_499, 1_500, 1_999, 2_000, 2_999].map(
    (index) => line.placeOf(`a${index}`)?.position,
  );

  expect(told).toEqual([3, 999, 1_001, 1_501, 2_000, 2, 1_000, 2_001, 3_000]);
});
