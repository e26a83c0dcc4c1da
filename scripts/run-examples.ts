// Runs every example against the real server, and writes what was proved into README.md and examples/README.md: `npm run examples`.
// With the name of one (`npm run examples -- curl`) only that, and nothing is written.

import { EXAMPLES, type Example } from "./examples/catalog.ts";
import { installNpmPackages, installPipPackages } from "./examples/packages.ts";
import { drivePage } from "./examples/pages.ts";
import { startProgram } from "./examples/program.ts";
import { driveProxy, startProxy } from "./examples/proxies.ts";
import { startServer } from "./examples/server.ts";

type Result = {
  readonly example: string;
  readonly result: "ok" | "FAILED";
  readonly seconds: number;
};

const PAGES_PROXY = "proxy-express.mjs";

const [only] = process.argv.slice(2);
const wanted = EXAMPLES.filter(({ file }) => only === undefined || file.includes(only));
if (wanted.length === 0) throw new Error(`there is no example named ${only}`);

installNpmPackages();
const python = wanted.some(({ file }) => file.endsWith(".py")) ? installPipPackages() : null;
const server = await startServer();
const results: Result[] = [];
try {
  for (const example of wanted) results.push(await check(example));
} finally {
  await server.stop();
}
console.table(results);
process.exitCode = results.every(({ result }) => result === "ok") ? 0 : 1;

async function check(example: Example): Promise<Result> {
  const { file } = example;
  const start = performance.now();
  const since = () => Number(((performance.now() - start) / 1000).toFixed(1));
  try {
    await drive(example);
    console.log(`${file}: ok`);
    return { example: file, result: "ok", seconds: since() };
  } catch (error) {
    console.error(`${file}: ${(error as Error).message}\n`);
    return { example: file, result: "FAILED", seconds: since() };
  }
}

async function drive({ file, kind }: Example): Promise<void> {
  const env = { SLUICE_URL: server.url };
  const program = kind === "page" ? PAGES_PROXY : file;
  const options = { file: `examples/${program}`, python, env };
  if (kind === undefined) return startProgram(options).ended;
  const proxy = await startProxy(options);
  try {
    if (kind === "proxy") await driveProxy(proxy.url, server.url);
    else await drivePage(file.replace(".jsx", ".html"), proxy.url, server.url);
  } finally {
    proxy.stop();
  }
}
