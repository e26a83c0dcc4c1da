// Runs one download in a process of its own, for pull-jobs.ts: the event loop of the server stays free, and the downloader may
// replace that process's global fetch. The other side is pull-main.ts.

import { type ChildProcess, fork } from "node:child_process";
import path from "node:path";

export type PullRequest = {
  readonly type: "pull";
  /** `hf:user/repo:quant`, or an http(s) address. */
  readonly uri: string;
  readonly dir: string;
  /** File name instead of the one that the server or the hub gives; null for that one. */
  readonly name: string | null;
  /** A connection that is silent for longer has failed. */
  readonly timeoutMs: number;
};

export type PullProgress = {
  readonly type: "progress";
  readonly status: "downloading" | "verifying";
  readonly completedBytes: number;
  /** 0 if the server does not say. */
  readonly totalBytes: number;
  /** File name, without the folder. */
  readonly file: string;
};

export type PullOutcome =
  | {
      readonly type: "done";
      /** The name under which the server offers the model. */
      readonly name: string;
      /** Absolute path of its first file. */
      readonly file: string;
      /** Of all files. */
      readonly sizeBytes: number;
    }
  | { readonly type: "failed"; readonly message: string };

export type FromPull = PullProgress | PullOutcome;

/** A download that has been started. */
export type PullRun = {
  /** Resolves when the process has ended, however it ended. */
  readonly ended: Promise<PullOutcome>;
  /** Ends the process. The unfinished file stays, and the next pull of the model continues with it. */
  readonly kill: () => void;
};

export type StartPull = (
  request: Omit<PullRequest, "type">,
  onProgress: (progress: PullProgress) => void,
) => PullRun;

const NO_PROCESS: PullOutcome = {
  type: "failed",
  message: "the system gave no process for the download; try again later",
};

/** @param entry the compiled pull-main.js; without it the file beside this one, which may be TypeScript */
export function pullProcesses(entry: string = entryBeside()): StartPull {
  return (request, onProgress) => {
    const child = forkOrNull(entry);
    if (!child) return { ended: Promise.resolve(NO_PROCESS), kill: () => {} };
    let outcome: PullOutcome | null = null;
    child.on("message", (message) => {
      const each = message as FromPull; // only pull-main.ts writes to this channel
      if (each.type === "progress") onProgress(each);
      else outcome = each;
    });
    const ended = new Promise<PullOutcome>((resolve) => {
      const fail = (message: string) => resolve(outcome ?? { type: "failed", message });
      child.once("error", (error) => fail(`cannot run the download: ${error.message}`));
      child.once("close", (code, signal) =>
        fail(`the download ended (${signal ?? `code ${code}`})`),
      );
    });
    // It may end before the message is written: `close` then says so.
    child.send({ type: "pull", ...request } satisfies PullRequest, () => {});
    return { ended, kill: () => child.kill("SIGKILL") };
  };
}

/** fork() throws if there is no memory for another process. */
function forkOrNull(entry: string): ChildProcess | null {
  try {
    return fork(entry, {
      execArgv: entry.endsWith(".ts") ? ["--import", "tsx"] : [],
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
  } catch {
    return null;
  }
}

function entryBeside(): string {
  return path.join(import.meta.dirname, `pull-main${path.extname(import.meta.filename)}`);
}
