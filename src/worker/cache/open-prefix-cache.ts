// Opens the prefix cache of a loaded model: its slots, and the saved tiers as far as they are switched on.

import { statSync } from "node:fs";
import { getModuleVersion } from "node-llama-cpp";
import type { ModelOptions } from "../../engine/messages.ts";
import { settlesWithin } from "../../generation/deferred.ts";
import type { LoadedModel } from "../load/model.ts";
import { SlotPool } from "../step/slots.ts";
import { DiskTier } from "./disk-tier.ts";
import { PrefixCache } from "./prefix-cache.ts";
import { SavedTiers, type SavedTiersOptions } from "./saved-tiers.ts";

type Log = (level: "info" | "warn", message: string) => void;
type OpenOptions = Pick<SavedTiersOptions, "onBytes"> & {
  readonly options: ModelOptions;
  readonly log: Log;
};

/** How long a loaded model waits for its saved prefixes: they open at once, unless a new file must be read for its digest. */
const OPEN_WAIT_MS = 1_000;

export async function openPrefixCache(
  loaded: LoadedModel,
  open: OpenOptions,
): Promise<PrefixCache> {
  const { slots, batcher } = loaded;
  const { log } = open;
  const pool = new SlotPool(slots);
  const tiers = openTiers(loaded, open).catch((error) => {
    log("warn", `prompts are cached in slots alone: ${(error as Error).message}`);
    return null;
  });
  await settlesWithin(tiers, OPEN_WAIT_MS);
  return new PrefixCache({ pool, batcher, tiers, log, bytesPerToken: bytesPerToken(loaded) });
}

async function openTiers(
  { slots, info }: LoadedModel,
  { options, log, onBytes }: OpenOptions,
): Promise<SavedTiers | null> {
  const { prefixCache, modelPath, flashAttention } = options;
  if (!prefixCache) return null;
  const { folder, maxRamBytes } = prefixCache;
  const disk = prefixCache.disk && new DiskTier(prefixCache.disk);
  const identity = disk ? await disk.digest(modelPath) : fileIdentity(modelPath);
  const version = await getModuleVersion(); // another version may write states in another form
  const modelKey = JSON.stringify([identity, version, flashAttention, info.device]);
  const isWhole = slots.some(({ sequence }) => sequence.needsCheckpoints);
  const tiers = new SavedTiers({ folder, maxRamBytes, disk, modelKey, isWhole, onBytes, log });
  await tiers.open();
  return tiers;
}

/** Enough while one server runs: the file must not have changed since the last worker. */
function fileIdentity(modelPath: string): string {
  const { size, mtimeMs, ino } = statSync(modelPath);
  return [modelPath, size, mtimeMs, ino].join(" ");
}

function bytesPerToken({ model, info: { contextTokens } }: LoadedModel): number {
  const { cpuRam, gpuVram } = model.fileInsights.estimateContextResourceRequirements({
    contextSize: contextTokens,
    modelGpuLayers: model.gpuLayers,
    sequences: 1,
    includeGraphOverhead: false,
  });
  return (cpuRam + gpuVram) / contextTokens;
}
