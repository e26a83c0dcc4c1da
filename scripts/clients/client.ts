// The description of a client, and of its results.

/** Where a client finds the server. */
export type Target = {
  /** Without a path. */
  readonly url: string;
  readonly model: string;
  /** Tokens of one request, prompt and answer. */
  readonly context: number;
  /** Empty, temporary and the client's HOME; its working directory is `work` in it. */
  readonly home: string;
};

export type Client = {
  /** For --only, and the name of the folder it is installed in unless it shares `group`. */
  readonly id: string;
  readonly title: string;
  /** Packages; the first is the client, whose version is shown. */
  readonly npm?: readonly string[];
  readonly pip?: readonly string[];
  /** Clients of one group share an installation. */
  readonly group?: string;
  /** A program in the packages' bin folder, or a file in programs/. */
  readonly program: string;
  readonly env?: (target: Target) => Readonly<Record<string, string>>;
  /** Configuration files, by their path in HOME. */
  readonly files?: (target: Target) => Readonly<Record<string, string>>;
  /** The arguments for one prompt of an agent; a file in programs/ gets the step's name instead. */
  readonly prompt?: (text: string, target: Target) => readonly string[];
  /** Arguments of a run before the first prompt, for example to log in. */
  readonly setup?: (target: Target) => readonly string[];
  /** Harmless tools of an agent, of which the proxy forces the first that it offers; none: it has no tools. */
  readonly tools?: readonly string[];
  readonly steps?: readonly Step[] | undefined;
  /** Why it is listed but not run. */
  readonly notRun?: string;
  readonly note?: string;
};

export const STEPS = ["prompt", "stream", "tools", "stop", "overflow"] as const;
export type Step = (typeof STEPS)[number];

export type StepResult = {
  readonly state: "ok" | "FAILED" | "-";
  readonly note: string;
};

export type ClientResult = {
  readonly title: string;
  readonly version: string;
  readonly date: string;
  readonly model: string;
  readonly steps: Readonly<Partial<Record<Step, StepResult>>>;
  readonly note: string;
};
