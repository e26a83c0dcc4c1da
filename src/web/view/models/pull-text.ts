// Describes a download to the user.

import type { ModelPull } from "../../client/model-calls.ts";
import { bytes, timeLeft } from "../format.ts";

export function pullText(pull: ModelPull): string {
  switch (pull.status) {
    case "queued":
      return "Waits for another download";
    case "downloading":
      return downloadText(pull);
    case "verifying":
      return "Checking the file…";
    case "failed":
      return pull.problem ?? "The download failed.";
    default:
      return pull.status;
  }
}

/** e.g. `1.2 GB of 2.5 GB · 35 MB/s · about 40 s left`. */
function downloadText({ completedBytes, totalBytes, bytesPerSecond, etaMs }: ModelPull): string {
  if (completedBytes === 0 && totalBytes === null) return "Starting…";
  const total = totalBytes === null ? "" : ` of ${bytes(totalBytes)}`;
  return [
    bytes(completedBytes) + total,
    ...(bytesPerSecond === null ? [] : [`${bytes(bytesPerSecond)}/s`]),
    ...(etaMs === null ? [] : [timeLeft(etaMs)]),
  ].join(" · ");
}
