// How many threads compute: follows the measured step times. llama.cpp's threads wait for each other in busy loops, so
// one thread that has to share its core with another process holds all of them up: fewer are then much faster.

/** One decode step as it was measured. */
export type GovernedStep = {
  /** Its end, in ms on any clock that goes forward. */
  readonly atMs: number;
  readonly ms: number;
  /** Tokens in the batch: only steps of about the same size can be compared. */
  readonly tokens: number;
};

export type GovernorState = {
  /** Threads for the next step. */
  readonly threads: number;
  readonly maxThreads: number;
  /** What a step takes lately, by size (see `sizeClass`); undefined where none was seen yet. */
  readonly usualMs: readonly (number | undefined)[];
  /** Slowness (time over usual time) of the latest steps with the threads that have proven best. */
  readonly steady: readonly number[];
  /** Another number of threads that is being tried; null most of the time. */
  readonly trial: { readonly provenThreads: number; readonly slowness: readonly number[] } | null;
  readonly nextTrialAtMs: number;
  readonly trialPauseMs: number;
  /** Alarms before this are not heard. */
  readonly nextAlarmAtMs: number;
  /** Whether the next trial is one with more threads. */
  readonly goesUp: boolean;
  /** By how many quarters the next trial goes down: a few threads fewer may not help where many fewer do. */
  readonly quartersDown: number;
};

const STEADY_STEPS = 8;
/** A trial that goes well is decided after so many steps, one that goes badly after the first. */
const TRIAL_STEPS = 5;
/** Another number of threads must be better by this much, or the one that was there stays. */
const BETTER = 0.95;
const CLEARLY_WORSE = 1.2;
/** With the latest steps this slow on average, and at least two of them, fewer threads are tried at once. */
const ALARM = 1.4;
const ALARM_STEPS = 4;
/** After a trial that an alarm began, and that brought nothing. */
const ALARM_PAUSE_MS = 500;
const FIRST_TRIAL_MS = 1_000;
const LONGEST_PAUSE_MS = 4_000;
/** How fast the usual time follows. */
const USUAL_WEIGHT = 0.05;
/** One step that was held up for very long says no more than this. */
const MOST_SLOWNESS = 10;

export function startGovernor(maxThreads: number): GovernorState {
  return {
    threads: maxThreads,
    maxThreads,
    usualMs: [],
    steady: [],
    trial: null,
    nextTrialAtMs: Number.NEGATIVE_INFINITY,
    trialPauseMs: FIRST_TRIAL_MS,
    nextAlarmAtMs: Number.NEGATIVE_INFINITY,
    goesUp: false,
    quartersDown: 1,
  };
}

/** The state after one more step. Pure: the same steps always lead to the same decisions. */
export function govern(state: GovernorState, step: GovernedStep): GovernorState {
  if (state.maxThreads === 1) return state;
  const size = sizeClass(step.tokens);
  const usual = state.usualMs[size] ?? step.ms;
  const slowness = Math.min(step.ms / usual, MOST_SLOWNESS);
  if (state.trial) return judgeTrial(state, state.trial, slowness, step.atMs);
  const usualMs = state.usualMs.slice();
  usualMs[size] = usual * (1 + USUAL_WEIGHT * (slowness - 1));
  const steady = [...state.steady, slowness].slice(-STEADY_STEPS);
  const isFirst = state.nextTrialAtMs === Number.NEGATIVE_INFINITY;
  const nextTrialAtMs = isFirst ? step.atMs + FIRST_TRIAL_MS : state.nextTrialAtMs;
  const next = { ...state, usualMs, steady, nextTrialAtMs };
  if (state.threads > 1 && step.atMs >= state.nextAlarmAtMs && isAlarming(steady)) {
    return startTrial(next, false);
  }
  if (step.atMs >= nextTrialAtMs && steady.length >= ALARM_STEPS) {
    return startTrial(next, canGoUp(next));
  }
  return next;
}

/** Small batches one by one, larger ones by their power of two: a step's time grows with its size. */
function sizeClass(tokens: number): number {
  return tokens <= 16 ? tokens : 12 + Math.ceil(Math.log2(tokens));
}

function isAlarming(steady: readonly number[]): boolean {
  const latest = steady.slice(-ALARM_STEPS);
  return mean(latest) > ALARM && latest.filter((slowness) => slowness > ALARM).length >= 2;
}

function canGoUp({ threads, maxThreads, goesUp }: GovernorState): boolean {
  return threads === 1 || (goesUp && threads < maxThreads);
}

function startTrial(state: GovernorState, goesUp: boolean): GovernorState {
  const { threads, maxThreads, quartersDown } = state;
  const quarter = threads / 4;
  const more = Math.min(maxThreads, threads + Math.max(1, Math.floor(quarter)));
  const fewer = Math.max(1, threads - Math.max(1, Math.floor(quarter * quartersDown)));
  return {
    ...state,
    threads: goesUp ? more : fewer,
    trial: { provenThreads: threads, slowness: [] },
    goesUp: !goesUp,
  };
}

function judgeTrial(
  state: GovernorState,
  trial: NonNullable<GovernorState["trial"]>,
  latest: number,
  atMs: number,
): GovernorState {
  const slowness = [...trial.slowness, latest];
  const relative = mean(slowness) / mean(state.steady);
  const isWorse = relative > CLEARLY_WORSE;
  if (!isWorse && slowness.length < TRIAL_STEPS) return { ...state, trial: { ...trial, slowness } };
  if (relative > BETTER) return keepProven(state, trial.provenThreads, atMs);
  return {
    ...state,
    trial: null,
    // With these threads, what was measured now is the usual.
    usualMs: state.usualMs.map((ms) => (ms === undefined ? ms : ms * mean(slowness))),
    steady: slowness.map((each) => each / mean(slowness)),
    nextTrialAtMs: atMs + FIRST_TRIAL_MS,
    trialPauseMs: FIRST_TRIAL_MS,
    goesUp: state.threads > trial.provenThreads, // further the same way
    quartersDown: 1,
  };
}

function keepProven(state: GovernorState, threads: number, atMs: number): GovernorState {
  const wasDown = state.threads < threads;
  return {
    ...state,
    threads,
    quartersDown: wasDown ? (state.quartersDown % 3) + 1 : state.quartersDown,
    trial: null,
    steady: [],
    nextAlarmAtMs: atMs + ALARM_PAUSE_MS,
    nextTrialAtMs: atMs + state.trialPauseMs,
    trialPauseMs: Math.min(2 * state.trialPauseMs, LONGEST_PAUSE_MS),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
