// The interface of a benchmark case, and the target it measures.

/** A server with the OpenAI API. */
export type Target = {
  readonly name: string;
  /** Without /v1. */
  readonly url: string;
  readonly model: string;
  /** Null for a server that requires none. */
  readonly apiKey: string | null;
  /** Process to read memory and CPU time from; null if unknown. */
  readonly pid: number | null;
  /** Whether it is a Sluice started here: it collects garbage on SIGUSR2 and has Sluice's metrics. */
  readonly isSluice: boolean;
  /** A very long model name, with which a few chunks fill a socket; null if there is none. */
  readonly bulkyModel: string | null;
};

/** The options of cases that need nothing but a URL. */
export type UrlOptions = {
  /** Levels of concurrency. */
  readonly streams: readonly number[];
  readonly promptWords: number;
  /** Words of the long prompt. */
  readonly longWords: number;
  /** Tokens per answer. */
  readonly tokens: number;
  /** Requests per second; each rate is measured in turn. */
  readonly rates: readonly number[];
  /** Tokens per slot. */
  readonly contextTokens: number;
};

export type CaseOptions = UrlOptions & {
  /** Words of the system prompt in the cases about prompts that come again. */
  readonly systemWords: number;
  readonly modelPath: string;
  /** Null for the server's default. */
  readonly threads: number | null;
};

/** Named figures of one round, e.g. `4 streams tok/s`. `higherIsBetter` derives from the name which direction is better. */
export type Figures = Readonly<Record<string, number>>;

/** Target of a figure, e.g. `<= 1.2`. */
export type Goal = `${"<" | "<=" | ">" | ">=" | "="} ${number}`;

type CaseInfo = {
  readonly name: string;
  /** Text for --help: what the case does and how to read it. */
  readonly help: string;
  /** Goals by figure name or by its end: `TTFT p95 ms` also applies to `4 streams TTFT p95 ms`. */
  readonly goals?: Readonly<Record<string, Goal>>;
};

/** A case that runs on every target in turn. */
export type ServerCase<Options = CaseOptions> = CaseInfo & {
  readonly run: (target: Target, options: Options) => Promise<Figures>;
};

/** A case that runs once per round and measures no target. */
export type StandaloneCase<Options = CaseOptions> = CaseInfo & {
  /** Its column in the table. */
  readonly column: string;
  /** The case whose table shows the column. */
  readonly beside?: string;
  readonly runAlone: (options: Options) => Promise<Figures>;
};

export type Case<Options = CaseOptions> = ServerCase<Options> | StandaloneCase<Options>;

/** Rates and numbers of served, cached, copied or gained items are better when higher; all other figures when lower. */
export function higherIsBetter(figure: string): boolean {
  return /\/s$|served|cached|copied|gain/.test(figure);
}
