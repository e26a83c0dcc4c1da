// The frame in which tools of the user run. It has an origin of its own, no network and no storage (src/http/routes/page-frames.ts), and
// runs each call in a worker, which inherits that and has no document. The page aborts calls that take too long.

import { serveFrame } from "./frame-server.ts";

export type ToolQuestion = {
  /** The body of an async function with the parameter `args`. */
  readonly code: string;
  readonly args: unknown;
};

serveFrame((question, signal) => run(question as ToolQuestion, signal));

function run({ code, args }: ToolQuestion, signal: AbortSignal): Promise<string> {
  const url = URL.createObjectURL(new Blob([program(code)], { type: "text/javascript" }));
  const worker = new Worker(url);
  return new Promise<string>((resolve, reject) => {
    worker.addEventListener("message", ({ data }) => {
      if (data?.type === "value") resolve(String(data.text));
      else if (data?.type === "error") reject(new Error(String(data.text)));
    });
    worker.addEventListener("error", ({ message }) =>
      reject(new Error(message || "the code could not be run")),
    );
    signal.addEventListener("abort", () => reject(signal.reason));
    worker.postMessage(args);
  }).finally(() => {
    worker.terminate();
    URL.revokeObjectURL(url);
  });
}

/** The code stands on lines of its own, so that a comment at its end ends there. */
function program(code: string): string {
  return `"use strict";
const call = async (args) => {
${code}
};
addEventListener("message", async ({ data }) => {
  try {
    const value = await call(data);
    postMessage({ type: "value", text: typeof value === "string" ? value : JSON.stringify(value) ?? "null" });
  } catch (error) {
    postMessage({ type: "error", text: error instanceof Error ? error.message : String(error) });
  }
});`;
}
