// Entry point of the process that downloads one model for the server. pull-process.ts starts it; nothing imports it. It ends when
// its parent process is gone, and may be killed at any time: the unfinished file can be resumed.

import { statSync } from "node:fs";
import path from "node:path";
import { type DownloadReporter, downloadModel } from "./download.ts";
import { DownloadNetwork, takeHubToken } from "./download-network.ts";
import { modelNameOf, partsOf } from "./model-file-name.ts";
import { ProgressSteps } from "./progress-steps.ts";
import type { FromPull, PullOutcome, PullRequest } from "./pull-process.ts";

// Ctrl-C and `docker stop` signal the whole process group, but only the server decides when a download ends.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => {});
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
process.on("uncaughtException", (error) => finish(failed(error)));
process.once("message", (message) => {
  pull(message as PullRequest).then(finish, (error) => finish(failed(error))); // only the server writes to this channel
});

async function pull({ uri, dir, name, timeoutMs }: PullRequest): Promise<PullOutcome> {
  const network = new DownloadNetwork({ timeoutMs, hasToken: takeHubToken(process.env) });
  const file = await downloadModel({
    uri,
    dir,
    name: name ?? undefined,
    timeoutMs,
    network,
    showsProgressBar: false,
    reporter: reporterTo(post),
  });
  const sizeBytes = partsOf(file).reduce((sum, part) => sum + statSync(part).size, 0);
  return { type: "done", name: modelNameOf(file), file: path.resolve(file), sizeBytes };
}

function reporterTo(tell: (message: FromPull) => void): DownloadReporter {
  const steps = new ProgressSteps();
  let [file, completedBytes, totalBytes] = ["", 0, 0];
  const report = (status: "downloading" | "verifying") =>
    tell({ type: "progress", status, completedBytes, totalBytes, file });
  return {
    onStart({ entrypointFilename, totalSize, downloadedSize }, isComplete) {
      file = entrypointFilename;
      totalBytes = totalSize;
      completedBytes = isComplete ? totalSize : downloadedSize;
      report("downloading");
    },
    onBytes(bytes, total) {
      [completedBytes, totalBytes] = [bytes, total];
      if (steps.isDue(bytes, total, performance.now())) report("downloading");
    },
    onVerify: () => report("verifying"),
    onRetry: () => {},
    onChecksumRight: () => {},
  };
}

function failed(error: unknown): PullOutcome {
  const message = error instanceof Error ? error.message : String(error);
  return { type: "failed", message: message.split("\n")[0] ?? "" };
}

function post(message: FromPull): void {
  if (process.connected) process.send?.(message);
}

function finish(outcome: PullOutcome): void {
  if (!process.connected || !process.send) process.exit(1);
  process.send(outcome, () => process.exit(0));
}
