// Entry point of the compile thread, started by compile-thread.ts and never imported. It takes one document and returns one
// outcome at a time.

import { parentPort } from "node:worker_threads";
import { compileDocument } from "./compile-document.ts";
import { outcomeOf, type ThreadMessage } from "./outcome.ts";

const post = (message: ThreadMessage) => parentPort?.postMessage(message);

parentPort?.on("message", (text: string) => {
  post(outcomeOf(() => compileDocument(JSON.parse(text))));
});
post({ type: "ready" });
