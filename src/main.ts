#!/usr/bin/env node
// Process entry: config → service → listen → signals → drain → exit.

import { closeSync, openSync, readSync, statSync } from "node:fs";
import { networkInterfaces } from "node:os";
import type { Config } from "./config/config.ts";
import type { ModelInfo } from "./engine/messages.ts";
import { openFilesProblem } from "./open-files.ts";
import type { Service } from "./service.ts";

const problem = openFilesProblem(); // these imports would fail of it without a word
if (problem !== null) exitWith(problem);
const { ConfigError, readCommandLine } = await import("./config/command-line.ts");
const { runKeysCommand } = await import("./cli/keys.ts");
const { KeysFileError } = await import("./keys/keys-file.ts");
const { createService } = await import("./service.ts");
const { uncaughtListener } = await import("./uncaught.ts");

/** One Ctrl-C may arrive twice: from the terminal, and forwarded by npm. */
const SAME_SIGNAL_MS = 300;

try {
  const [first, ...rest] = process.argv.slice(2);
  if (first === "keys") changeKeys(rest);
  else await start();
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof KeysFileError)) throw error;
  exitWith(error.message);
}

function changeKeys(args: readonly string[]): void {
  const { out, note } = runKeysCommand(args, process.env);
  console.log(out);
  if (note !== null) console.error(note);
}

async function start(): Promise<void> {
  const command = readCommandLine(process.argv.slice(2), process.env);
  if (command.type === "print") console.log(command.text);
  else await serve(command.config);
}

async function serve(config: Config): Promise<void> {
  checkModelFile("--model", config.model);
  if (config.embeddingModel) checkModelFile("--embedding-model", config.embeddingModel);
  if (config.rerankModel) checkModelFile("--rerank-model", config.rerankModel);
  const service = createService(config);
  endOnSignals(service);
  goOnAfterErrors(service, config);
  try {
    const url = await service.listen();
    service.log.info({ url }, "listening, the model is being loaded");
    const model = await service.engine.firstLoad;
    announce(model, { url: reachable(url), service, config });
  } catch (error) {
    if (service.queue.isDraining) return; // it was told to end before it had begun
    const reason = describeStartFailure(error as NodeJS.ErrnoException, config);
    await service.engine.close();
    exitWith(reason);
  }
}

/** What can be seen without loading it: the worker would take a while to say so. */
function checkModelFile(flag: string, file: string): void {
  const magic = Buffer.alloc(4);
  try {
    const stats = statSync(file, { throwIfNoEntry: false });
    if (!stats) exitWith(`${flag}: there is no file ${file}`);
    if (!stats.isFile()) exitWith(`${flag}: ${file} is not a file`);
    const descriptor = openSync(file, "r");
    readSync(descriptor, magic);
    closeSync(descriptor);
  } catch (error) {
    exitWith(`${flag}: cannot read ${file}: ${(error as NodeJS.ErrnoException).code}`);
  }
  if (magic.toString("latin1") !== "GGUF") exitWith(`${flag}: ${file} is not a GGUF file`);
}

type Announcement = { readonly url: string; readonly service: Service; readonly config: Config };

function announce(model: ModelInfo, { url, service, config }: Announcement): void {
  if (config.logFormat === "json") {
    const { chatTemplate: _, ...facts } = model; // as long as all the rest together
    service.log.info({ url, model: service.catalog.realId, ...facts }, "ready");
    return;
  }
  const isKeyWanted = config.apiKey.length > 0 || config.keysFile !== undefined;
  const id = service.catalog.realId;
  const context = `${model.contextTokens} tokens of context in each of ${model.slots} slots`;
  const threads = `${model.threads} thread${model.threads === 1 ? "" : "s"}`;
  const note = model.deviceNote ? ` (${model.deviceNote})` : "";
  const layers = model.gpuLayers > 0 ? `, ${model.gpuLayers} of ${model.totalLayers} layers` : "";
  const body = JSON.stringify({
    model: id,
    messages: [{ role: "user", content: "What is streaming?" }],
    max_tokens: 200,
    temperature: 0,
    stream: true,
  });
  const auth = isKeyWanted ? " -H 'authorization: Bearer YOUR_KEY'" : "";
  const route = model.chatTemplate !== null ? "chat/completions" : "completions";
  console.log(
    [
      "",
      `sluice serves ${id} on ${model.device}${note}${layers}, ${threads}, ${context}`,
      `  at ${url}${config.page ? " (open it in a browser to chat)" : ""}`,
      "",
      `OPENAI_BASE_URL=${url}/v1`,
      `OPENAI_API_KEY=${isKeyWanted ? "YOUR_KEY" : "none"}`,
      "",
      `curl -N ${url}/v1/${route} -H 'content-type: application/json'${auth} -d '${body}'`,
      "",
    ].join("\n"),
  );
}

/** An address that can be pasted elsewhere, where the server listens on all of them. */
function reachable(url: string): string {
  const { protocol, hostname, port } = new URL(url);
  if (hostname !== "0.0.0.0" && hostname !== "[::]") return url;
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const own = addresses.find(({ family, internal }) => family === "IPv4" && !internal);
  return `${protocol}//${own?.address ?? "127.0.0.1"}:${port}`;
}

function describeStartFailure(error: NodeJS.ErrnoException, { host, port }: Config): string {
  switch (error.code) {
    case "EADDRINUSE":
      return `--port is ${port}: another program uses it; allowed is any free port, or 0 to pick one`;
    case "EACCES":
      return `--port is ${port}: this user may not use it; allowed is a port above 1023`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `--host is ${JSON.stringify(host)}: not an address of this machine`;
    default:
      return error.message;
  }
}

/** The first signal drains, the second ends at once. */
function endOnSignals(service: Service): void {
  let firstAtMs: number | null = null;
  const onSignal = (signal: NodeJS.Signals) => {
    if (firstAtMs !== null && performance.now() - firstAtMs > SAME_SIGNAL_MS) process.exit(1);
    if (firstAtMs !== null) return;
    firstAtMs = performance.now();
    service.log.info(
      { signal },
      "draining: running requests may finish, a second signal ends at once",
    );
    service.close().then(
      () => process.exit(0),
      (error: Error) => exitWith(`cannot end cleanly: ${error.message}`),
    );
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}

/** What nothing has caught; the rule is in uncaught.ts. */
function goOnAfterErrors(service: Service, { drainTimeoutMs }: Config): void {
  const listener = uncaughtListener({
    report: service.report,
    close: () => service.close(),
    drainTimeoutMs,
    onEnding: () =>
      service.log.fatal("draining after an error: what the requests share may be damaged"),
    exit: (code) => process.exit(code),
  });
  process.on("uncaughtException", listener);
}

function exitWith(message: string): never {
  console.error(`sluice: ${message.split("\n")[0]}`);
  process.exit(1);
}
