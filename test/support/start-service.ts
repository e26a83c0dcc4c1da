// A service on a free port, with a fake engine or the real worker, for one test file.

import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pino } from "pino";
import { vi } from "vitest";
import {
  configWith,
  createService,
  type ModelEntry,
  type Service,
  type ServiceParts,
  type ServiceSettings,
} from "../../src/service.ts";
import { metricSum } from "./clients/metric-sum.ts";
import { BUNDLED_WORKERS } from "./engines/bundled-programs.ts";
import { FakeEmbeddingEngine, type FakeEmbeddingOptions } from "./engines/fake-embedding-engine.ts";
import { FakeEngine, type FakeEngineOptions } from "./engines/fake-engine.ts";
import { quickPulls } from "./engines/fake-pulls.ts";

export const BUILTIN_MODEL = path.resolve(import.meta.dirname, "../../models/builtin.gguf");

export type RunningService = {
  readonly url: string;
  /** All of its addresses. */
  readonly urls: readonly string[];
  readonly service: Service;
  /** Log lines so far, parsed. */
  readonly logLines: Record<string, unknown>[];
  readonly close: () => Promise<void>;
};

const COMMON: ServiceSettings = {
  port: 0,
  drainTimeoutMs: 50,
  heartbeatMs: 5_000,
  modelsDir: path.resolve(import.meta.dirname, "no-models"), // only the models that a test names
};

export async function startWithFake(
  engine: FakeEngineOptions | FakeEngine = {},
  settings: ServiceSettings = {},
): Promise<RunningService & { readonly engine: FakeEngine }> {
  const fake = engine instanceof FakeEngine ? engine : new FakeEngine(engine);
  const running = await start(settings, { engine: fake });
  return { ...running, engine: fake };
}

/** Starts a service with fake engines. @param generating options of the engine that generates */
export async function startWithFakeEmbeddings(
  options: FakeEmbeddingOptions = {},
  settings: ServiceSettings = {},
  generating: FakeEngineOptions = {},
): Promise<RunningService & { readonly engine: FakeEmbeddingEngine }> {
  const engine = new FakeEmbeddingEngine(options);
  const running = await start(settings, {
    engine: new FakeEngine(generating),
    embeddingEngine: engine,
  });
  return { ...running, engine };
}

export type FleetSetup = {
  /** By name, the default model first: what its settings have, and the options of its engine. */
  readonly models: Readonly<
    Record<string, Partial<ModelEntry> & { readonly engine?: FakeEngineOptions }>
  >;
  readonly settings?: ServiceSettings;
  readonly parts?: Pick<ServiceParts, "embeddingEngine">;
};

export type RunningFleet = RunningService & {
  /** The newest engine of a model. @throws Error for a model that has none yet */
  readonly engine: (name: string) => FakeEngine;
  /** The folder of the model files. */
  readonly folder: string;
  /** Where the file of a model is. */
  readonly fileOf: (name: string) => string;
  /** Its settings, as `settings.model` has them. */
  readonly modelOf: (name: string) => Partial<ModelEntry> & Pick<ModelEntry, "path">;
  /** Changes some settings of the running service. */
  readonly reload: (changes: ServiceSettings) => void;
};

/** Starts a service with several models, each a fake engine that begins unloaded; resolves when the default one is loaded. */
export async function startFleet(setup: FleetSetup): Promise<RunningFleet> {
  const { models, settings, parts } = setup;
  const folder = mkdtempSync(path.join(tmpdir(), "sluice-fleet-"));
  const fileOf = (name: string) => path.join(folder, `${name}.gguf`);
  const modelOf = (name: string) => {
    const { engine: _, ...entry } = models[name] ?? {};
    return { name, path: fileOf(name), ...entry };
  };
  const names = Object.keys(models);
  for (const name of names) copyFileSync(BUILTIN_MODEL, fileOf(name));
  const engines = new Map<string, FakeEngine>();
  const newEngine = (name: string) => {
    const engine = new FakeEngine({ isCold: true, ...models[name]?.engine });
    engines.set(name, engine);
    return engine;
  };
  const model = names.map(modelOf);
  const all = { model, ...settings };
  const running = await start(all, { ...parts, engine: newEngine });
  const reload = (changes: ServiceSettings) =>
    running.service.reload(configWith({ ...COMMON, ...all, ...changes }));
  await running.service.firstLoad.catch(() => {}); // a test may let it fail
  const engine = (name: string) => {
    const found = engines.get(name);
    if (!found) throw new Error(`${name} has no engine yet`);
    return found;
  };
  const close = async () => {
    await running.close();
    rmSync(folder, { recursive: true });
  };
  return { ...running, close, engine, folder, fileOf, modelOf, reload };
}

const realNow = performance.now.bind(performance);

/** Lets the fleet act as if this time had passed: its waits are too long for a test. Ends with `vi.restoreAllMocks()`. */
export function skipTime({ service }: RunningService, ms: number): void {
  const skippedMs = performance.now() - realNow() + ms;
  vi.spyOn(performance, "now").mockImplementation(() => realNow() + skippedMs);
  service.fleet.plan();
}

/** Starts a service with the given engines. */
export function startWithEngines(
  parts: Required<Pick<ServiceParts, "engine" | "embeddingEngine">> &
    Pick<ServiceParts, "startPull" | "streamFinder">,
  settings: ServiceSettings = {},
): Promise<RunningService> {
  return start(settings, parts);
}

/** Starts a gateway of the cluster `test`. */
export function startGateway(
  gateway: NonNullable<ServiceParts["gateway"]>,
  settings: ServiceSettings = {},
): Promise<RunningService> {
  return start({ clusterName: "test", ...settings }, { gateway });
}

/** Starts a service with the real worker and the built-in model; resolves when the model is loaded. */
export async function startWithModel(
  settings: ServiceSettings = {},
  parts: Pick<ServiceParts, "startPull"> = {},
): Promise<RunningService> {
  const running = await start({ model: BUILTIN_MODEL, gpu: "off", ...settings }, parts);
  await running.service.firstLoad;
  return running;
}

async function start(settings: ServiceSettings, parts: ServiceParts = {}): Promise<RunningService> {
  const logLines: Record<string, unknown>[] = [];
  const log = pino({ level: "info" }, { write: (line) => void logLines.push(JSON.parse(line)) });
  const service = createService(
    { ...COMMON, ...settings },
    { startPull: quickPulls, ...parts, log, workerFolder: BUNDLED_WORKERS },
  );
  const urls = await service.listen();
  const [url = ""] = urls;
  return { url, urls, service, logLines, close: () => service.close() };
}

/** @returns the sum of the metric's series that have these labels */
export async function metric(
  url: string,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sum = metricSum(text, name, labels);
  if (sum === null) throw new Error(`no metric ${name} with ${JSON.stringify(labels)}`);
  return sum;
}

/** Waits until the condition holds: for states that no event announces. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  const deadline = Date.now() + 50_000; // shorter than the time limit of a test, so that the error names the condition
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
