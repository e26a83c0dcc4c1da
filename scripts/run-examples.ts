// Runs every example against the real server, and writes the results into docs/clients.md and examples/README.md:
// `npm run examples`. With a name (`npm run examples -- curl`) it runs only the examples of that name, and writes nothing.

import { EXAMPLES, type Example } from "./examples/catalog.ts";
import { installNpmPackages, installPipPackages } from "./examples/packages.ts";
import { drivePage } from "./examples/pages.ts";
import { startProgram } from "./examples/program.ts";
import { driveProxy, startProxy } from "./examples/proxies.ts";
import { startServer } from "./examples/server.ts";
import { writeTables } from "./examples/tables.ts";

type Result = {
  readonly example: string;
  readonly result: "ok" | "FAILED";
  readonly seconds: number;
};

const PAGES_PROXY = "examples/proxy-express.mjs";
const VITEST = "node_modules/vitest/vitest.mjs";

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
const areAllWell = results.every(({ result }) => result === "ok");
if (only === undefined && areAllWell && python !== null) writeTables(EXAMPLES, python);
else
  console.log(
    "docs/clients.md and examples/README.md are unchanged: not every example was run and passed",
  );
process.exitCode = areAllWell ? 0 : 1;

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

async function drive({ file, kind, path }: Example): Promise<void> {
  const options = { python, env: { SLUICE_URL: server.url } };
  if (kind === "test") {
    const args = ["run", "--project", "model", file];
    return startProgram({ ...options, file: VITEST, args }).ended;
  }
  if (kind === undefined) {
    const args = path === undefined ? [] : [server.url + path];
    return startProgram({ ...options, file, args }).ended;
  }
  const proxy = await startProxy({ ...options, file: kind === "page" ? PAGES_PROXY : file });
  try {
    if (kind === "proxy") await driveProxy(proxy.url, server.url);
    else await drivePage(pageOf(file), proxy.url, server.url);
  } finally {
    proxy.stop();
  }
}

/** The path at which the proxy serves the page. */
function pageOf(file: string): string {
  return file.replace("examples/", "").replace(".jsx", ".html");
}
