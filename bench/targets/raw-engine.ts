// The ceiling: node-llama-cpp in one process with the same settings, without a server, a socket or a second process.
// cases/ceiling.ts runs it as a child with its task as JSON; it prints one line of JSON.

import {
  type EvaluationPriority,
  getLlama,
  type LlamaContextSequence,
  type Token,
} from "node-llama-cpp";
import { randomPrompt } from "../../src/bench/clients/prompts.ts";
import { usableCpus } from "../../src/cpu-count.ts";
import { Batcher } from "../../src/worker/step/batcher.ts";
import type { RawTask } from "../cases/ceiling.ts";

/** Tokens that a chat template adds after the user's words. No server has them in its cache. */
const TEMPLATE_TOKENS = 5;
/** Sluice's batch size on a CPU. */
const BATCH_TOKENS = 128;
const WARM_UP_TOKENS = 8;

const task = JSON.parse(process.argv[2] ?? "") as RawTask; // written by the parent process
const batcher = new Batcher({ onStep: () => {}, onStepTime: () => {} });
const llama = await getLlama({ gpu: false, build: "never", progressLogs: false });
llama.maxThreads = task.threads ?? usableCpus();
const model = await llama.loadModel({ modelPath: task.modelPath });
const most = Math.max(...task.streams);
const context = await model.createContext({
  sequences: most,
  contextSize: task.contextTokens,
  batchSize: BATCH_TOKENS,
  threads: llama.maxThreads,
  flashAttention: true,
  batching: { itemPrioritizationStrategy: batcher.fillBatch },
});
const sequences = Array.from({ length: most }, () => context.getSequence());

await Promise.all(sequences.map((sequence, index) => generate(sequence, index, WARM_UP_TOKENS)));
const figures: Record<string, number> = {};
for (const level of task.streams) {
  await Promise.all(sequences.map((sequence) => sequence.clearHistory()));
  const startedMs = performance.now();
  const running = sequences.slice(0, level);
  await Promise.all(running.map((sequence, index) => generate(sequence, index, task.tokens)));
  const seconds = (performance.now() - startedMs) / 1000;
  figures[`${level} streams tok/s`] = (level * task.tokens) / seconds;
}
console.log(JSON.stringify(figures));
process.exit(0);

async function generate(
  sequence: LlamaContextSequence,
  index: number,
  tokens: number,
): Promise<void> {
  const evaluationPriority = index as EvaluationPriority; // the batching strategy sorts by it
  const options = { evaluationPriority, temperature: 0, yieldEogToken: true };
  batcher.enter();
  let count = 0;
  for await (const _ of sequence.evaluate(promptTokens(), options)) {
    count += 1;
    if (count === tokens) break;
  }
  batcher.leave();
}

function promptTokens(): Token[] {
  const words = model.tokenize(randomPrompt(task.promptWords));
  return [...words, ...model.tokenize(randomPrompt(TEMPLATE_TOKENS)).slice(0, TEMPLATE_TOKENS)];
}
