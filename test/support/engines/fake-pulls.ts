// Downloads without a process or a network: a test says what happens to each, or they succeed at once.

import { writeFileSync } from "node:fs";
import path from "node:path";
import { deferred } from "../../../src/generation/deferred.ts";
import type {
  PullOutcome,
  PullProgress,
  PullRequest,
  StartPull,
} from "../../../src/models/pull-process.ts";

export type FakePull = {
  readonly request: Omit<PullRequest, "type">;
  /** Tells that so many of 1000 bytes have arrived. */
  readonly tell: (completedBytes: number, status?: PullProgress["status"]) => void;
  /** Writes a model of that name into the folder, and ends. */
  readonly succeed: (name: string) => void;
  readonly fail: (message: string) => void;
  isKilled: boolean;
};

export class FakePulls {
  /** The oldest first. */
  readonly started: FakePull[] = [];

  readonly start: StartPull = (request, onProgress) => {
    const ended = deferred<PullOutcome>();
    const pull: FakePull = {
      request,
      tell: (completedBytes, status = "downloading") =>
        onProgress({ type: "progress", status, completedBytes, totalBytes: 1000, file: "m.gguf" }),
      succeed: (name) => {
        const file = path.join(request.dir, `${name}.gguf`);
        writeFileSync(file, "GGUF");
        ended.resolve({ type: "done", name, file, sizeBytes: 1000 });
      },
      fail: (message) => ended.resolve({ type: "failed", message }),
      isKilled: false,
    };
    this.started.push(pull);
    const kill = () => {
      pull.isKilled = true;
      pull.fail("killed");
    };
    return { ended: ended.promise, kill };
  };
}

/** Every download has half of its bytes at once and all of them soon, but writes no file. */
export const quickPulls: StartPull = (_request, onProgress) => {
  const half = { completedBytes: 500, totalBytes: 1000, file: "m.gguf" };
  setImmediate(() => onProgress({ type: "progress", status: "downloading", ...half }));
  const ended = new Promise<PullOutcome>((resolve) => {
    const done: PullOutcome = { type: "done", name: "m", file: "/models/m.gguf", sizeBytes: 1000 };
    setTimeout(() => resolve(done), 5);
  });
  return { ended, kill: () => {} };
};
