// The ceiling: node-llama-cpp in one process, driven with the same levers, without a server, a socket or a second process.
// Run by cases/ceiling.ts as a child: raw-engine.ts MODEL THREADS TOKENS LEVEL...; prints one JSON line.

import { type EvaluationPriority, getLlama, type LlamaContextSequence } from "node-llama-cpp";
import { Batcher } from "../src/worker/batching.ts";

const [modelPath = "", threads, tokens, ...levels] = process.argv.slice(2);
const tokensEach = Number(tokens);
const most = Math.max(...levels.map(Number));
const batcher = new Batcher(() => {});
const llama = await getLlama({ gpu: false, build: "never", progressLogs: false });
const model = await llama.loadModel({ modelPath });
const context = await model.createContext({
  sequences: most,
  contextSize: 512,
  batchSize: 128,
  threads: Number(threads),
  flashAttention: true,
  batching: { itemPrioritizationStrategy: batcher.fillBatch },
});
const sequences = Array.from({ length: most }, () => context.getSequence());
const prompt = model.tokenize(
  "Once upon a time there was a little girl who lived near the sea. One day",
);

const figures: Record<string, number> = {};
for (const level of levels.map(Number)) {
  await Promise.all(sequences.map((sequence) => sequence.clearHistory()));
  const startedMs = performance.now();
  await Promise.all(sequences.slice(0, level).map(generate));
  figures[`${level} streams tok/s`] =
    (level * tokensEach) / ((performance.now() - startedMs) / 1000);
}
console.log(JSON.stringify(figures));
process.exit(0);

async function generate(sequence: LlamaContextSequence, index: number): Promise<void> {
  const evaluationPriority = index as EvaluationPriority; // the batching strategy orders by it
  batcher.enter();
  let count = 0;
  for await (const _ of sequence.evaluate(prompt, {
    evaluationPriority,
    temperature: 0,
    yieldEogToken: true,
  })) {
    count += 1;
    if (count === tokensEach) break;
  }
  batcher.leave();
}
