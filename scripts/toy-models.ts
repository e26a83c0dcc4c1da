// `npm run toy-models -- FOLDER`: writes the tiny models with random weights that the tests of checkpoints use.

import { mkdirSync } from "node:fs";
import { TOY_MODELS, writeToyModel } from "../test/support/gguf/toy-models.ts";

const [folder, ...others] = process.argv.slice(2);
if (folder === undefined || others.length > 0) {
  console.error("usage: npm run toy-models -- FOLDER");
  process.exit(1);
}
mkdirSync(folder, { recursive: true });
for (const toy of TOY_MODELS) console.log(writeToyModel(toy, folder));
