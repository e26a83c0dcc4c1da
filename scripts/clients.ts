// Installs real programs, runs each against the built server, and writes what worked into docs/clients.md: `npm run clients`.
// The options are in its --help.

import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { AGENTS } from "./clients/agents.ts";
import type { Client, ClientResult } from "./clients/client.ts";
import { FRAMEWORKS } from "./clients/frameworks.ts";
import { CACHE, install, installNode } from "./clients/install.ts";
import { startProxy } from "./clients/proxy.ts";
import { runSteps } from "./clients/steps.ts";
import { writeResults } from "./clients/table.ts";
import { startServer } from "./examples/server.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    model: { type: "string" },
    url: { type: "string" },
    context: { type: "string", default: "65536" },
    minutes: { type: "string", default: "10" },
    help: { type: "boolean", default: false },
  },
});
const all = [...AGENTS, ...FRAMEWORKS];
if (values.help) {
  console.log(`npm run clients -- [options]
  --only a,b     only these clients: ${all.map(({ id }) => id).join(" ")}
  --model FILE   the model to serve; default: the built-in model
  --context N    tokens of context per slot; default: 65536
  --minutes N    limit of one run of a program; default: 10
  --url URL      a running server, instead of one of our own; leaves out the overflow`);
  process.exit(0);
}
const names = values.only?.split(",");
const unknown = names?.filter((name) => !all.some(({ id }) => id === name)) ?? [];
if (unknown.length > 0)
  throw new Error(`no client is named ${unknown}: ${all.map(({ id }) => id).join(" ")}`);
const wanted = all.filter(({ id }) => names === undefined || names.includes(id));

mkdirSync(CACHE, { recursive: true });
const nodeBin = installNode();
const model = values.model === undefined ? [] : ["--model", values.model];
const flags = [...model, "--heartbeat", "5", "--alias", "*"];
const server = values.url ? null : await startServer([...flags, "--context", values.context]);
const small = values.url ? null : await startServer([...flags, "--context", "4096"]);
const proxy = await startProxy(values.url ?? server?.url ?? "");
const smallProxy = small && (await startProxy(small.url));
const served = await servedModel(proxy.url);
const results: ClientResult[] = [];
try {
  for (const client of wanted) results.push(await check(client));
} finally {
  proxy.close();
  smallProxy?.close();
  await server?.stop();
  await small?.stop();
}
const file = path.join(CACHE, "result.json");
writeFileSync(file, JSON.stringify(results, null, 2));
writeResults(
  results,
  all.map(({ title }) => title),
);
console.log(`wrote docs/clients.md and ${file}`);
const hasFailed = results.some(({ steps }) =>
  Object.values(steps).some(({ state }) => state === "FAILED"),
);
process.exitCode = hasFailed ? 1 : 0;

async function servedModel(url: string): Promise<{ id: string; context: number }> {
  const { data } = (await (await fetch(`${url}/v1/models`)).json()) as {
    data: { id: string; meta?: { n_ctx?: number } }[];
  };
  return { id: data[0]?.id ?? "", context: data[0]?.meta?.n_ctx ?? Number(values.context) };
}

async function check(client: Client): Promise<ClientResult> {
  const { id, title } = client;
  const date = new Date().toISOString().slice(0, 10);
  const result = { title, version: "", date, model: served.id, steps: {} };
  if (client.notRun) return { ...result, note: client.notRun };
  console.log(`${id}: installing`);
  try {
    const installed = install(client, nodeBin);
    console.log(`${id}: ${installed.version}`);
    const steps = await runSteps({
      ...{ client, installed, nodeBin, proxy, smallProxy },
      ...{ model: served.id, context: served.context },
      limitMs: Number(values.minutes) * 60_000,
      report: (step, { state, note }) =>
        console.log(`${id}: ${step}: ${state}${note ? `: ${note}` : ""}`),
    });
    return { ...result, version: installed.version, steps, note: client.note ?? "" };
  } catch (error) {
    const { message } = error as Error;
    console.log(`${id}: ${message}`);
    return { ...result, note: `not run: ${message}` };
  }
}
