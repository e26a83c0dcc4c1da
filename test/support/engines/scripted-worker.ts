// Runs as a worker process without a model: each input of a request selects an action.

import type { FromWorker, ToWorker } from "../../../src/engine/messages.ts";
import type { EmbeddingQuestion } from "../../../src/generation/questions.ts";
import { JSON_SYNTAX } from "../../../src/generation/syntax.ts";

const MODEL = {
  name: null,
  device: "CPU",
  deviceNote: null,
  gpuBytes: 0,
  gpuLayers: 0,
  totalLayers: 1,
  threads: 1,
  slots: 1,
  contextTokens: 16,
  trainedContextTokens: 16,
  batchTokens: 16,
  chatTemplate: null,
  templateTraits: null,
  toolFormat: null,
  argumentSyntax: JSON_SYNTAX,
  reasoningFormat: null,
  canSwitchReasoning: false,
  vocabularySize: 0,
  beginningText: null,
  endText: null,
  isEmbedding: false,
  canRank: false,
  modelBytes: 1,
  memory: { ramBytes: 1, vramBytes: 0 },
  family: "llama",
  parameters: 6_300_000,
  quantization: "Q8_0",
  canInfill: false,
};
/** The actions by token: `crash`, `hang`, `slow`; any other text returns a vector. A first `unreadable` ends the worker at once. */
const ACTIONS = ["answer", "crash", "hang", "slow"];

process.on("disconnect", () => process.exit());
process.on("message", (messages) => {
  for (const message of messages as ToWorker<EmbeddingQuestion>[]) receive(message);
});
send({ type: "started" });

function receive(message: ToWorker<EmbeddingQuestion>): void {
  if (message.type === "load" && message.options.modelPath === "broken") {
    send({ type: "load-failed", error: { code: "engine_unavailable", message: "it is broken" } });
  } else if (message.type === "load" && message.options.modelPath === "/models/deadly.gguf") {
    process.stderr.write("ggml.c:1: GGML_ASSERT(heads > 0) failed\n", () => process.exit(3));
  } else if (message.type === "load" && message.options.modelPath === "/models/slow.gguf") {
    // never loaded
  } else if (message.type === "load") {
    send({ type: "loaded", model: MODEL });
  } else if (message.type === "ask") {
    ask(message.id, message.question);
  }
}

function ask(id: string, question: EmbeddingQuestion): void {
  if (question.type === "compute-input") return compute(id, ACTIONS[question.input.tokens[0] ?? 0]);
  if (question.request.type !== "embed") return;
  send({ type: "computing", id });
  if (question.request.inputs[0] === "unreadable") process.exit(1);
  const inputs = question.request.inputs.map((input) => ({
    tokens: Uint32Array.of(Math.max(0, ACTIONS.indexOf(String(input)))),
    query: null,
  }));
  send({ type: "answered", id, answer: { inputs, promptTokens: inputs.length }, ms: 0 });
}

function compute(id: string, action: string | undefined): void {
  if (action === "crash") process.exit(1);
  if (action === "hang") return;
  const answer = () => send({ type: "answered", id, answer: Float64Array.of(process.pid), ms: 0 });
  if (action === "slow") setTimeout(answer, 200);
  else answer();
}

function send(message: FromWorker): void {
  process.send?.([message]);
}
