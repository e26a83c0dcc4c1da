// The interface of a benchmark case, and what it measures.

/** A server that speaks OpenAI's API. */
export type Target = {
  readonly name: string;
  /** Without /v1. */
  readonly url: string;
  readonly model: string;
  /** Process to ask for memory and CPU time; null where nobody told. */
  readonly pid: number | null;
  /** A Sluice of ours: it collects garbage on SIGUSR2, and has our metrics. */
  readonly isOurs: boolean;
  /** A name for the model that is so long that a few chunks fill a socket; null where it has no other name. */
  readonly bulkyModel: string | null;
};

export type CaseOptions = {
  /** Levels of concurrency. */
  readonly streams: readonly number[];
  readonly promptWords: number;
  /** Words of the prompt that is long. */
  readonly longWords: number;
  /** Tokens per answer. */
  readonly tokens: number;
  /** Requests per second, each for a while. */
  readonly rates: readonly number[];
  readonly modelPath: string;
  /** Tokens per slot. */
  readonly contextTokens: number;
  /** Null: the server's own choice. */
  readonly threads: number | null;
};

/** Named figures of one round, e.g. `4 streams tok/s`; see `higherIsBetter` for how a name tells what is better. */
export type Figures = Readonly<Record<string, number>>;

/** What a figure should be, e.g. `<= 1.2`. */
export type Goal = `${"<" | "<=" | ">" | ">=" | "="} ${number}`;

type CaseInfo = {
  readonly name: string;
  /** For --help: what it does and how to read it. */
  readonly help: string;
  /** By the figure's name, or by the end of it: `TTFT p95 ms` is also the goal of `4 streams TTFT p95 ms`. */
  readonly goals?: Readonly<Record<string, Goal>>;
};

/** Runs on every target in turn. */
export type ServerCase = CaseInfo & {
  readonly run: (target: Target, options: CaseOptions) => Promise<Figures>;
};

/** Brings what it measures along, and runs once a round whatever the targets are. */
export type OwnCase = CaseInfo & {
  /** Its column in the table. */
  readonly column: string;
  /** The case beside whose figures its own belong. */
  readonly beside?: string;
  readonly runAlone: (options: CaseOptions) => Promise<Figures>;
};

export type Case = ServerCase | OwnCase;

/** Rates, and what was served, cached or gained, grow when they get better; everything else shrinks. */
export function higherIsBetter(figure: string): boolean {
  return /\/s$|served|cached|gain/.test(figure);
}
