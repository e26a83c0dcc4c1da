// In place of the thread that compiles schemas: a document says what becomes of it, and of the thread.

import { parentPort } from "node:worker_threads";

let documents = 0;

parentPort.on("message", (text) => {
  const { act } = JSON.parse(text);
  documents += 1;
  if (act === "hang") for (;;);
  if (act === "throw") throw new Error("a fault of the thread");
  if (act === "exit") process.exit(0);
  const held = [];
  while (act === "grow") held.push(new Array(1_000_000).fill(held.length)); // large pieces: cheap to collect
  parentPort.postMessage({
    type: "compiled",
    compiled: { grammar: `document ${documents} of this thread`, tools: [], ignored: [] },
  });
});
parentPort.postMessage({ type: "ready" });
