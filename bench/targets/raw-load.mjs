// Loads a model and creates its context with node-llama-cpp alone, and ends: what a swap costs at least. cases/swap.ts runs it with
// the file, the tokens of a slot and the slots as arguments.

import { getLlama } from "node-llama-cpp";

const [modelPath, contextSize, sequences] = process.argv.slice(2);
const llama = await getLlama({ gpu: false, build: "never", progressLogs: false });
const model = await llama.loadModel({ modelPath });
await model.createContext({
  sequences: Number(sequences),
  contextSize: Number(contextSize),
  batchSize: 128,
  flashAttention: true,
});
process.exit(0);
