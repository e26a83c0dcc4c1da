// The interface of a benchmark case, and what it measures against.

/** Anything that speaks OpenAI's API. */
export type Target = {
  readonly name: string;
  /** Without /v1. */
  readonly url: string;
  readonly model: string;
  /** Process to ask for memory; null where it is not ours. */
  readonly pid: number | null;
};

export type CaseOptions = {
  /** Levels of concurrency. */
  readonly streams: readonly number[];
  readonly promptWords: number;
  /** Tokens per answer. */
  readonly tokens: number;
  /** Requests per second of the fixed arrival rate. */
  readonly rate: number;
  readonly modelPath: string;
  readonly threads: number | null;
};

/** Named figures of one round, e.g. `4 streams tok/s`. What is better is said by the unit in `higherIsBetter`. */
export type Figures = Readonly<Record<string, number>>;

export interface Case {
  readonly name: string;
  /** For --help: what it does and how to read it. */
  readonly help: string;
  /** One round on one target. */
  run(target: Target, options: CaseOptions): Promise<Figures>;
}

/** Rates grow, everything else (ms, KB) shrinks when it gets better. */
export function higherIsBetter(figure: string): boolean {
  return figure.includes("/s") || figure.includes("gain");
}
