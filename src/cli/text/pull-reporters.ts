// How `sluice pull` shows its progress: as lines for a person, or as one JSON object per line with the names of Ollama's API.

import { type DownloadReporter, formatBytes } from "../../models/download.ts";
import { ProgressSteps } from "../../models/progress-steps.ts";

const PERCENT_STEP = 5;

/** @param showsProgressBar whether the library draws a bar, so that no lines are needed */
export function textReporter(showsProgressBar: boolean): DownloadReporter {
  let shownPercent = 0;
  return {
    onStart({ filesInfo, totalSize, downloadedSize }, isComplete) {
      const names = filesInfo.map(({ fileName }) => fileName).join(", ");
      const size = totalSize > 0 ? formatBytes(totalSize) : "size unknown";
      const resumed = downloadedSize > 0 ? `, resuming at ${formatBytes(downloadedSize)}` : "";
      console.log(`${names}: ${isComplete ? "already complete" : size + resumed}`);
    },
    onBytes(bytes, totalBytes) {
      const percent = totalBytes > 0 ? Math.floor((bytes / totalBytes) * 100) : 0;
      if (showsProgressBar || !(percent >= shownPercent + PERCENT_STEP)) return;
      shownPercent = percent - (percent % PERCENT_STEP);
      const amount = `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`;
      console.log(`${String(percent).padStart(3)}%  ${amount}`);
    },
    onRetry,
    onVerify: () => {},
    onChecksumRight: (fileName) => console.log(`${fileName}: the SHA-256 is right`),
  };
}

export function jsonReporter(): DownloadReporter {
  const steps = new ProgressSteps();
  let file = "";
  const downloading = (completed: number, total: number) =>
    printJson({ status: "downloading", file, completed, total });
  return {
    onStart({ entrypointFilename, totalSize, downloadedSize }, isComplete) {
      file = entrypointFilename;
      downloading(isComplete ? totalSize : downloadedSize, totalSize);
    },
    onBytes(bytes, totalBytes) {
      if (steps.isDue(bytes, totalBytes, performance.now())) downloading(bytes, totalBytes);
    },
    onRetry,
    onVerify: (fileName) => printJson({ status: "verifying sha256 digest", file: fileName }),
    onChecksumRight: () => {},
  };
}

export function printJson(value: object): void {
  console.log(JSON.stringify(value));
}

function onRetry(reason: string): void {
  console.error(`sluice: ${reason}; retrying`);
}
