// `npm run swap-rounds`: three models in the memory of two, and clients of several keys that ask for them at random. No answer may be
// cut or lost, each key keeps its share, waits are bounded, and the memory stays within its budget.

import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Random } from "./kinds/random.ts";
import { describe } from "./options.ts";
import { chart } from "./report/chart.ts";
import { runRounds } from "./run-rounds.ts";
import { startServer } from "./server.ts";
import { type Sample, sampleOf, workersOf } from "./swap/memory-samples.ts";
import { type Asked, ask, knownText } from "./swap/swap-client.ts";
import { reportOf } from "./swap/swap-report.ts";

const FLAGS = {
  seconds: { default: 600, help: "how long the clients ask" },
  clients: { default: 30, help: "clients, each sending one request after another" },
  keys: { default: 3, help: "API keys, with an equal number of clients each" },
  seed: { default: null, help: "repeat the requests of this seed (default: a new seed each time)" },
} as const;
const HELP = `npm run swap-rounds -- [options]

Starts the built server with three copies of the built-in model and a memory budget for two of them. Clients ask for them at
random, for answers whose text a grammar fixes. Writes a chart of the memory and the waits to soak-results/. Exits with 1 if an
answer is wrong, cut or lost, a key's share is off by more than 10 %, or the memory exceeds its budget.

${describe(FLAGS)}`;

const MODELS = ["a", "b", "c"];
const SLOTS = 4;
/** The built-in model takes 211 MB with four slots. */
const BUDGET_BYTES = 420 * 2 ** 20;
const SAMPLE_MS = 500;
const RESULTS = "soak-results";

await runRounds({
  name: "swap-rounds",
  flags: FLAGS,
  help: HELP,
  run: ({ keys, ...numbers }) =>
    run({
      ...numbers,
      keys: Array.from({ length: keys }, (_, index) => `swap-key-${index + 1}`),
    }),
});

type RunOptions = {
  readonly seed: number;
  readonly seconds: number;
  readonly clients: number;
  readonly keys: readonly string[];
};

async function run({ seed, seconds, clients, keys }: RunOptions): Promise<readonly string[]> {
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-swap-"));
  const files = MODELS.map((name) => [name, path.join(folder, `${name}.gguf`)] as const);
  for (const [, file] of files) copyFileSync("models/builtin.gguf", file);
  const server = await startServer([
    ...files.flatMap(([name, file]) => ["--model", `${name}=${file},context=4096,slots=${SLOTS}`]),
    ...keys.flatMap((key) => ["--api-key", key]),
    ...["--memory-budget", String(BUDGET_BYTES), "--queue", "200", "--cache-ram", "64MiB"],
  ]);
  const startedAtMs = performance.now();
  const samples: Sample[] = [];
  const asked: Asked[] = [];
  const isOver = () => performance.now() - startedAtMs > seconds * 1000;
  const sampling = (async () => {
    while (!isOver()) {
      samples.push(await sampleOf({ ...server, key: keys[0] ?? "", startedAtMs }));
      await sleep(SAMPLE_MS);
    }
  })();
  const all = Array.from({ length: clients }, async (_, index) => {
    const random = new Random(seed + index);
    const key = keys[index % keys.length] ?? "";
    while (!isOver()) {
      const text = knownText(random);
      const model = random.pick(MODELS);
      asked.push(await ask({ url: server.url, key, model, text, startedAtMs }));
    }
  });
  await Promise.all([...all, sampling]);
  const workers = workersOf(server.pid);
  await server.stop();
  rmSync(folder, { recursive: true });
  const report = reportOf({ asked, samples, keys, budgetBytes: BUDGET_BYTES, seconds });
  mkdirSync(RESULTS, { recursive: true });
  const file = path.join(RESULTS, "swap-rounds.svg");
  writeFileSync(file, chart({ panels: report.panels, seconds, marks: [] }));
  console.log([...report.lines, `workers at the end: ${workers}`, `chart: ${file}`].join("\n"));
  return [...report.faults, ...server.complaints];
}
