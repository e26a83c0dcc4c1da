// Entry point of the thread that renders one long prompt, started by render-thread.ts and never imported.

import { parentPort, workerData } from "node:worker_threads";
import { ServiceError } from "../../../errors.ts";
import { ChatTemplate } from "./chat-template.ts";
import type { RenderOutcome, RenderTask } from "./render-thread.ts";

const { options, findings, prompt } = workerData as RenderTask; // only render-thread.ts starts this thread

parentPort?.postMessage(outcome());

function outcome(): RenderOutcome {
  try {
    return { segments: new ChatTemplate(options, findings).render(prompt) };
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    const { code, message, field, param } = error;
    return { error: { code, message, field, param } };
  }
}
