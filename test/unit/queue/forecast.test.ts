// How often positions are recomputed, and what is reported in between.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FairShare } from "../../../src/queue/fair-share.ts";
import { Forecast, type ForecastPosition } from "../../../src/queue/forecast.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function forecastAt(position: number): ForecastPosition {
  return { position, ownPosition: position, ownSlots: 1 };
}

/** A forecast for three requests whose simulation takes `takesMs`. */
function open(takesMs: number) {
  const simulate = vi.fn(() => {
    vi.advanceTimersByTime(takesMs);
    return new Map([1, 2, 3].map((position) => [`r${position}`, forecastAt(position)]));
  });
  return { simulate, forecast: new Forecast(simulate) };
}

test("simulates once for all readers, and again after a change", () => {
  const { simulate, forecast } = open(0);
  expect(["r1", "r3", "r9"].map((id) => forecast.positionOf(id)?.position)).toEqual([
    1,
    3,
    undefined,
  ]);
  expect(simulate).toHaveBeenCalledTimes(1);

  forecast.invalidate();
  forecast.positionOf("r1");

  expect(simulate).toHaveBeenCalledTimes(2);
});

test("simulates again after a second even without a change", () => {
  const { simulate, forecast } = open(0);
  forecast.positionOf("r1");

  vi.advanceTimersByTime(999);
  forecast.positionOf("r1");
  expect(simulate).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  forecast.positionOf("r1");

  expect(simulate).toHaveBeenCalledTimes(2);
});

test("moves waiting requests up between slow simulations", () => {
  const { simulate, forecast } = open(10);
  forecast.positionOf("r1");
  forecast.recordServed();
  forecast.recordServed();

  expect(["r1", "r3"].map((id) => forecast.positionOf(id)?.position)).toEqual([1, 1]);
  vi.advanceTimersByTime(199);
  forecast.positionOf("r3");
  expect(simulate).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  forecast.positionOf("r3");

  expect(simulate).toHaveBeenCalledTimes(2); // 10 ms of 210
});

test("orders requests beyond the first thousand by their arrival", () => {
  const line = new FairShare({ slots: 1, flexWaitMs: 60_000 }, () => []);
  for (let index = 0; index < 3_000; index += 1) {
    const owner = index < 1_500 ? "a" : "b";
    line.add({ id: `a${index}`, owner, lane: "", isFlex: false, isReturning: false, cost: 10 });
  }

  const positions = [1, 499, 500, 1_000, 1_499, 1_500, 1_999, 2_000, 2_999].map(
    (index) => line.positionOf(`a${index}`)?.position,
  );

  expect(positions).toEqual([3, 999, 1_001, 1_501, 2_000, 2, 1_000, 2_001, 3_000]);
});
