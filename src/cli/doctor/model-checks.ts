// Checks of the models that the settings name: their files, the device that would compute them, and whether they fit.

import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Config } from "../../config/config.ts";
import { BUILTIN_MODEL } from "../../config/settings/model-settings.ts";
import { usableCpus } from "../../cpu-count.ts";
import { MEMORY_FOLDER, PrefixFolders } from "../../engine/prefix-folder.ts";
import { ServiceError } from "../../errors.ts";
import { bytesText, type MemoryReport, memoryText } from "../../generation/memory-use.ts";
import type { ModelInfo } from "../../generation/model-info.ts";
import { CommandError } from "../command-error.ts";
import { requireGgufFile } from "../require-gguf-file.ts";
import { slotsText } from "../text/slots-text.ts";
import { Findings } from "./finding.ts";

/** What a worker that reads the header of a model says about it on this machine. */
export type Described = { readonly model: ModelInfo; readonly memory: MemoryReport };
export type Describe = (file: string, config: Config) => Promise<Described>;

const DESCRIBE_LIMIT_MS = 60_000;

export function checkThreads(
  { threads }: Pick<Config, "threads">,
  usable = usableCpus(),
): Findings {
  const findings = new Findings("threads");
  if (threads === undefined) findings.ok(`chosen by the server, for ${usable} CPUs`);
  else if (threads <= usable) findings.ok(`${threads} on ${usable} CPUs`);
  else
    findings.warning(
      `--threads is ${threads}, and this process may use ${usable} CPUs: threads that wait for each other make tokens much slower`,
      "leave out --threads",
    );
  return findings;
}

/** One check for each model of --model, or of the built-in one. */
export async function checkModels(
  config: Config,
  program: string,
  describe: Describe = describeHere,
): Promise<Findings[]> {
  const given = config.model.map(({ path: file, name }) => ({ flag: "--model", file, name }));
  const models = [
    ...(given.length > 0 ? given : [{ flag: "--model", file: BUILTIN_MODEL, name: "builtin" }]),
    ...named("--embedding-model", config.embeddingModel),
    ...named("--rerank-model", config.rerankModel),
  ];
  const checks: Findings[] = [];
  for (const { flag, file, name } of models) {
    const findings = new Findings(`model ${name ?? path.basename(file, ".gguf")}`);
    checks.push(findings);
    try {
      requireGgufFile({ flag, file, program });
      report(await describe(file, config), config, findings);
    } catch (error) {
      if (!(error instanceof CommandError || error instanceof ServiceError)) throw error;
      findings.problem(error.message, null);
    }
  }
  return checks;
}

function named(flag: string, file: string | undefined) {
  return file === undefined ? [] : [{ flag, file, name: undefined }];
}

function report({ model, memory }: Described, config: Config, findings: Findings): void {
  const { contextTokens, slots } = model;
  const size = `${contextTokens} tokens in ${slotsText(slots)}`;
  if (memory.fits)
    findings.ok(`fits: ${memoryText(model.memory)} with ${size}, on ${model.device}`);
  else
    findings.problem(
      `does not fit: ${memoryText(model.memory)} with ${size}, and ${memoryText(memory.free)} are free`,
      memory.advice,
    );
  if (memory.processor) findings.note(`the library computes with ${memory.processor}`);
  reportDevice(model, config, findings);
}

function reportDevice({ deviceNote }: ModelInfo, { gpu }: Config, findings: Findings): void {
  const driver = nvidiaDriver();
  if (gpu === "off") {
    if (driver !== null) findings.note(`--gpu off: the GPU is not used (${driver})`);
  } else if (deviceNote !== null && driver !== null)
    findings.warning(
      `${deviceNote}, although this machine has an NVIDIA driver (${driver})`,
      "install a driver for CUDA 12 or newer, give the container the GPU (docker run --gpus all), and install the package without --omit=optional",
    );
  else if (deviceNote !== null) findings.note(`${deviceNote}; it computes on the CPU`);
}

/** The driver's own line about its version; null without a driver for NVIDIA GPUs. */
function nvidiaDriver(): string | null {
  const file = "/proc/driver/nvidia/version";
  if (!existsSync(file)) return null;
  return (
    readFileSync(file, "utf8")
      .split("\n")[0]
      ?.replace(/^NVRM version:\s*/, "") ?? null
  );
}

/** As `sluice show` does. @throws ServiceError */
async function describeHere(file: string, config: Config): Promise<Described> {
  const { describeModel } = await import("../../create-engines.ts");
  const own = config.model.find((each) => each.path === file);
  return describeModel(
    {
      file: path.resolve(file),
      slots: own?.slots ?? config.slots,
      contextTokens: own?.context ?? config.context ?? null,
      gpuLayers: config.gpuLayers ?? null,
    },
    { config, log: () => {}, signal: AbortSignal.timeout(DESCRIBE_LIMIT_MS) },
  );
}

/** Conversations without a slot are kept in files there. */
export function checkSharedMemory(
  { cacheRam }: Pick<Config, "cacheRam">,
  freeBytes: number | null,
): Findings {
  const findings = new Findings("prefix cache");
  const { totalBytes: wanted } = new PrefixFolders(cacheRam ?? null);
  if (cacheRam === 0) findings.ok("--cache-ram 0: conversations are kept in slots alone");
  else if (freeBytes === null)
    findings.note(`there is no ${MEMORY_FOLDER}: conversations are kept in slots alone`);
  else if (freeBytes < wanted)
    findings.warning(
      `${MEMORY_FOLDER} has ${bytesText(freeBytes)} free, and the cache would use ${bytesText(wanted)}: fewer conversations are found again`,
      `a smaller --cache-ram, or a larger ${MEMORY_FOLDER}: mount -o remount,size=8G ${MEMORY_FOLDER}, docker run --shm-size 8g, an emptyDir of medium Memory`,
    );
  else
    findings.ok(`${bytesText(wanted)} in ${MEMORY_FOLDER}, which has ${bytesText(freeBytes)} free`);
  return findings;
}
