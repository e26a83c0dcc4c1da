// Entry point of the thread that encrypts, decrypts and hashes for the disk tier, started by disk-tier.ts and never imported. It
// answers its messages in their order.

import { parentPort, workerData } from "node:worker_threads";
import { DiskFolder, type DiskFolderOptions } from "./disk-folder.ts";
import type { DiskAnswer, DiskTask, NumberedTask } from "./disk-tier.ts";

const folder = new DiskFolder(workerData as DiskFolderOptions); // only disk-tier.ts starts this thread

parentPort?.on("message", ({ number, task }: NumberedTask) => {
  parentPort?.postMessage({ number, ...answer(task) } satisfies DiskAnswer);
});

function answer(task: DiskTask): { readonly result: unknown } | { readonly error: string } {
  try {
    return { result: perform(task) };
  } catch (error) {
    return { error: (error as Error).message };
  }
}

function perform(task: DiskTask): unknown {
  switch (task.type) {
    case "digest":
      return folder.modelDigest(task.modelPath);
    case "scan":
      return folder.scan(task.modelKey);
    case "store":
      return folder.store(task.from, task.prefix, task.modelKey);
    case "fetch":
      return folder.fetch(task.id, task.to);
    case "remove":
      return folder.remove(task.id);
  }
}
