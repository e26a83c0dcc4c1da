// Replays recorded step times, and checks which number of threads the governor chooses, and when.

import { describe, expect, test } from "vitest";
import {
  type GovernorState,
  govern,
  startGovernor,
} from "../../../../src/worker/step/thread-governor.ts";
import {
  FOUR_STREAMS,
  ONE_STREAM,
  type Recording,
} from "../../../support/engines/recorded-steps.ts";

type Phase = { readonly seconds: number; readonly isBusy: boolean };
type Played = { readonly atMs: number; readonly threads: number; readonly tokens: number };

/** @returns each step with the threads that computed it */
function play(recording: Recording, phases: readonly Phase[], start = startGovernor(2)): Played[] {
  const played: Played[] = [];
  let state: GovernorState = start;
  let atMs = 0;
  let phaseEndMs = 0;
  let index = 0;
  for (const { seconds, isBusy } of phases) {
    phaseEndMs += seconds * 1000;
    while (atMs < phaseEndMs) {
      const times = (isBusy ? recording.beside : recording.quiet)[state.threads] ?? [];
      const ms = times[index % times.length] ?? Number.NaN;
      index += 1;
      atMs += ms;
      played.push({ atMs, threads: state.threads, tokens: recording.tokens });
      state = govern(state, { atMs, ms, tokens: recording.tokens });
    }
  }
  return played;
}

function between(played: readonly Played[], fromSeconds: number, toSeconds: number): Played[] {
  return played.filter(({ atMs }) => atMs > fromSeconds * 1000 && atMs <= toSeconds * 1000);
}

function share(played: readonly Played[], threads: number): number {
  return played.filter((step) => step.threads === threads).length / played.length;
}

function tokensPerSecond(played: readonly Played[], seconds: number): number {
  return played.reduce((sum, { tokens }) => sum + tokens, 0) / seconds;
}

const RECORDINGS = [
  ["one stream", ONE_STREAM],
  ["four streams", FOUR_STREAMS],
] as const;

describe.each(RECORDINGS)("%s", (_name, recording) => {
  test("without another process, nearly every step has all threads", () => {
    const played = play(recording, [{ seconds: 30, isBusy: false }]);
    expect(share(played, 2)).toBeGreaterThan(0.97);
  });

  test("gives a core to another process within a second, and leaves it there while that process runs", () => {
    const played = play(recording, [
      { seconds: 5, isBusy: false },
      { seconds: 20, isBusy: true },
    ]);
    expect(share(between(played, 6, 25), 1)).toBeGreaterThan(0.93);
  });

  test("keeps at least half of the speed while another process runs", () => {
    const quiet = tokensPerSecond(play(recording, [{ seconds: 20, isBusy: false }]), 20);
    const phases = [
      { seconds: 5, isBusy: false },
      { seconds: 20, isBusy: true },
    ];
    const beside = tokensPerSecond(between(play(recording, phases), 5, 25), 20);
    expect(beside / quiet).toBeGreaterThan(0.5);
  });

  test("uses all threads again within five seconds after the other process ends", () => {
    const played = play(recording, [
      { seconds: 5, isBusy: false },
      { seconds: 20, isBusy: true },
      { seconds: 20, isBusy: false },
    ]);
    expect(share(between(played, 30, 45), 2)).toBeGreaterThan(0.97);
  });

  test("detects a process that was running from the start", () => {
    const played = play(recording, [{ seconds: 20, isBusy: true }]);
    expect(share(between(played, 3, 20), 1)).toBeGreaterThan(0.9);
  });
});

test("does not mistake a growing batch for another process", () => {
  let state = startGovernor(2);
  let atMs = 0;
  const counts: number[] = [];
  for (const recording of [ONE_STREAM, FOUR_STREAMS, ONE_STREAM, FOUR_STREAMS]) {
    for (const ms of recording.quiet[2] ?? []) {
      atMs += ms;
      counts.push(state.threads);
      state = govern(state, { atMs, ms, tokens: recording.tokens });
    }
  }
  expect(counts.filter((threads) => threads === 2).length / counts.length).toBeGreaterThan(0.95);
});

test("one delayed step changes nothing", () => {
  let state = startGovernor(2);
  const steps = [...Array<number>(20).fill(6.5), 130, ...Array<number>(20).fill(6.5)];
  let atMs = 0;
  for (const ms of steps) {
    atMs += ms;
    state = govern(state, { atMs, ms, tokens: 1 });
    expect(state.threads).toBe(2);
  }
});

test("many threads change by quarters, within the limits", () => {
  // Eleven of sixteen cores are free: one thread too many makes every step ten times as long.
  const stepMs = (threads: number) => (threads > 11 ? 500 : 160) / Math.min(threads, 11);
  let state = startGovernor(16);
  let atMs = 0;
  const late: number[] = [];
  while (atMs < 60_000) {
    const ms = stepMs(state.threads);
    atMs += ms;
    if (atMs > 30_000) late.push(state.threads);
    state = govern(state, { atMs, ms, tokens: 1 });
    expect(state.threads).toBeGreaterThanOrEqual(1);
    expect(state.threads).toBeLessThanOrEqual(16);
  }
  const good = late.filter((threads) => threads >= 9 && threads <= 11).length;
  expect(good / late.length).toBeGreaterThan(0.95);
});

test("never changes a limit of one thread", () => {
  const state = startGovernor(1);
  expect(govern(state, { atMs: 100, ms: 100, tokens: 1 })).toBe(state);
});

test("tries no other number of threads while prompts are read, unless steps become slow", () => {
  const steps = { steady: [], slow: [] } as Record<string, number[]>;
  for (const [name, after] of [
    ["steady", 300],
    ["slow", 900],
  ] as const) {
    let state = startGovernor(2);
    for (let step = 0; step < 40; step++) {
      state = govern(state, { atMs: step * 300, ms: step < 20 ? 300 : after, tokens: 68 });
      steps[name]?.push(state.threads);
    }
  }

  expect(steps.steady).not.toContain(1);
  expect(steps.slow).toContain(1);
});
