// Renders a long prompt in a thread of its own. A template takes up to 0.1 ms for each message, and cannot be interrupted.

import path from "node:path";
import { Worker } from "node:worker_threads";
import { fromWireError, type WireError } from "../../../engine/messages.ts";
import { deferred, orAborted } from "../../../generation/deferred.ts";
import type { ChatTemplate, MessagesPrompt } from "./chat-template.ts";
import type { PromptSegment } from "./prompt-fence.ts";

/** The data that the thread starts with. */
export type RenderTask = Pick<ChatTemplate, "options" | "findings"> & {
  readonly prompt: MessagesPrompt;
};

export type RenderOutcome =
  | { readonly segments: readonly PromptSegment[] }
  | { readonly error: WireError };

/** The compiled file, because a thread cannot run TypeScript. */
const ENTRY = import.meta.filename.endsWith(".ts")
  ? path.join(import.meta.dirname, "../../../../dist/worker/prompt/template/render-main.js")
  : path.join(import.meta.dirname, "render-main.js");
/** A prompt and its text have a few MB at most. */
const LIMITS = { maxOldGenerationSizeMb: 512 };

/** @throws ServiceError as `ChatTemplate.render()`, or the signal's reason, which ends the thread */
export async function renderInThread(
  task: RenderTask,
  signal: AbortSignal,
): Promise<readonly PromptSegment[]> {
  const outcome = deferred<RenderOutcome>();
  const thread = new Worker(ENTRY, { workerData: task, resourceLimits: LIMITS });
  thread.on("message", outcome.resolve);
  thread.on("error", outcome.reject);
  thread.on("exit", () => outcome.reject(new Error("the thread that renders a prompt has ended")));
  try {
    const rendered = await orAborted(outcome.promise, signal);
    if ("error" in rendered) throw fromWireError(rendered.error);
    return rendered.segments;
  } finally {
    void thread.terminate();
  }
}
