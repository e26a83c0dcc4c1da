// Entry of the thread that compiles schemas. Started by compile-thread.ts, never imported: one document in, one outcome out.

import { parentPort } from "node:worker_threads";
import { compileDocument } from "./compile-document.ts";
import { type FromThread, outcomeOf } from "./outcome.ts";

const post = (message: FromThread) => parentPort?.postMessage(message);

parentPort?.on("message", (text: string) => {
  post(outcomeOf(() => compileDocument(JSON.parse(text))));
});
post({ type: "ready" });
