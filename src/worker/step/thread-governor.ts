// Adapts the number of threads to the measured step times. llama.cpp's threads wait for each other in busy loops, so one thread
// that shares its core with another process delays all of them. Fewer threads are then much faster.

/** Measurements of one decode step. */
export type GovernedStep = {
  /** When it ended, in ms on a monotonic clock. */
  readonly atMs: number;
  readonly ms: number;
  /** Tokens in the batch: only steps of similar size are compared. */
  readonly tokens: number;
  /** Draft tokens in addition. */
  readonly drafted?: number;
};

export type GovernorState = {
  /** Threads for the next step. */
  readonly threads: number;
  readonly maxThreads: number;
  /** Usual ms of a step, by size (see `sizeClass`); undefined for a size not yet measured. */
  readonly usualMs: readonly (number | undefined)[];
  /** Slowness (time divided by usual time) of the latest steps with the best known number of threads. */
  readonly steady: readonly number[];
  /** The trial of another number of threads; null most of the time. */
  readonly trial: { readonly provenThreads: number; readonly slowness: readonly number[] } | null;
  readonly nextTrialAtMs: number;
  readonly trialPauseMs: number;
  /** Alarms before this time are ignored. */
  readonly nextAlarmAtMs: number;
  /** Whether the next trial uses more threads. */
  readonly goesUp: boolean;
  /** How many quarters of the threads the next trial removes: removing many may help where removing a few does not. */
  readonly quartersDown: number;
};

const STEADY_STEPS = 8;
/** Steps of a trial. A trial that is clearly worse ends after its first step. */
const TRIAL_STEPS = 5;
/** A trial is kept only if its steps take at most this share of the time. */
const BETTER = 0.95;
const CLEARLY_WORSE = 1.2;
/** A trial with fewer threads starts at once when the latest steps are slower than this on average, and at least two of them. */
const ALARM = 1.4;
const ALARM_STEPS = 4;
/** How long alarms are ignored after a trial without success. */
const ALARM_PAUSE_MS = 500;
/** After a step with more tokens, a trial only starts because of an alarm: a slow trial of such a step would delay all streams. */
const MOST_TRIAL_TOKENS = 16;
const FIRST_TRIAL_MS = 1_000;
const LONGEST_PAUSE_MS = 4_000;
/** Weight of the latest step in the usual time. */
const USUAL_WEIGHT = 0.05;
/** Upper limit of one step's slowness, so that a single delayed step does not decide. */
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

/** @returns the state after one more step. Pure: the same steps always lead to the same decisions. */
export function govern(state: GovernorState, step: GovernedStep): GovernorState {
  if (state.maxThreads === 1) return state;
  const size = sizeClass(step);
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
  const isShort = step.tokens <= MOST_TRIAL_TOKENS;
  if (isShort && step.atMs >= nextTrialAtMs && steady.length >= ALARM_STEPS) {
    return startTrial(next, canGoUp(next));
  }
  return next;
}

/**
 * Each small batch size is a separate class; larger sizes are grouped by powers of two. Steps with drafts take another time than
 * others of the same size.
 */
function sizeClass({ tokens, drafted = 0 }: GovernedStep): number {
  if (drafted > 0) return 64 + tokens + drafted;
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
    // The measured times become the usual times for this number of threads.
    usualMs: state.usualMs.map((ms) => (ms === undefined ? ms : ms * mean(slowness))),
    steady: slowness.map((each) => each / mean(slowness)),
    nextTrialAtMs: atMs + FIRST_TRIAL_MS,
    trialPauseMs: FIRST_TRIAL_MS,
    goesUp: state.threads > trial.provenThreads, // continue in the same direction
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
