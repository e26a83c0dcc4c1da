// Ollama's routes about models: lists and descriptions of the served models. https://docs.ollama.com/api/tags

import { createHash } from "node:crypto";
import type { ModelState } from "../../generation/model-info.ts";
import type { OllamaDetails, OllamaModel, OllamaModels, OllamaRunning } from "./model-answers.ts";

/** The version of Ollama's API. Clients check whether it is new enough. */
export const OLLAMA_VERSION = "0.13.0";
/** Expiry date of a model that stays loaded, in Ollama's way: a date in the far future. */
const NEVER = "2999-12-31T00:00:00.000Z";

export type OllamaServedModel = {
  /** The name under which it is listed. */
  readonly id: string;
  readonly state: ModelState;
  readonly startedAtSeconds: number;
};

export function encodeModels(served: readonly OllamaServedModel[]): OllamaModels {
  return { models: served.map((each) => ({ ...headOf(each), modified_at: modifiedAt(each) })) };
}

export function encodeRunning(served: readonly OllamaServedModel[]): OllamaRunning {
  const models = served
    .filter(({ state }) => state.loadedAtSeconds !== null)
    .map((each) => ({
      ...headOf(each),
      size: bytesInMemory(each),
      expires_at: expiryOf(each),
      size_vram: bytesOnGpu(each),
      context_length: each.state.info?.contextTokens ?? 0,
    }));
  return { models };
}

export function encodeModel(served: OllamaServedModel): OllamaModel {
  const { id, state } = served;
  const { info } = state;
  const contextTokens = info?.contextTokens ?? 0;
  const family = info?.family ?? "unknown";
  return {
    modelfile: `FROM ${id}\nPARAMETER num_ctx ${contextTokens}\n`,
    parameters: `num_ctx ${contextTokens}`,
    template: info?.chatTemplate ?? "",
    details: detailsOf(served),
    model_info: {
      "general.architecture": family,
      "general.parameter_count": info?.parameters ?? 0,
      // The size that a request gets, not the one the model was trained for, because clients request this much.
      [`${family}.context_length`]: contextTokens,
    },
    capabilities: capabilitiesOf(served),
    modified_at: modifiedAt(served),
  };
}

function headOf(served: OllamaServedModel) {
  const name = tagged(served.id);
  const size = served.state.sizeBytes || (served.state.info?.modelBytes ?? 0);
  const details = detailsOf(served);
  // Ollama's digest is that of a manifest, not of the file: it changes with the model's description.
  const digest = createHash("sha256")
    .update(JSON.stringify([name, size, details]))
    .digest("hex");
  return { name, model: name, size, digest, details };
}

/** Every model name of Ollama has a tag. */
function tagged(id: string): string {
  return id.includes(":") ? id : `${id}:latest`;
}

function detailsOf({ state: { info } }: OllamaServedModel): OllamaDetails {
  return {
    parent_model: "",
    format: "gguf",
    family: info?.family ?? "",
    families: info ? [info.family] : [],
    parameter_size: info ? shortened(info.parameters) : "",
    quantization_level: info?.quantization ?? "",
  };
}

/** e.g. 6.3M, 7.6B. */
function shortened(parameters: number): string {
  const units = [
    ["B", 1e9],
    ["M", 1e6],
    ["K", 1e3],
  ] as const;
  const [unit, size] = units.find(([, each]) => parameters >= each) ?? ["", 1];
  return `${Math.round((parameters / size) * 10) / 10}${unit}`;
}

function capabilitiesOf(served: OllamaServedModel): OllamaModel["capabilities"] {
  const { kind, info } = served.state;
  if (kind === "embedding") return ["embedding"];
  return [
    "completion",
    ...(info?.toolFormat ? ["tools" as const] : []),
    ...(info?.reasoningFormat ? ["thinking" as const] : []),
    ...(info?.canInfill ? ["insert" as const] : []),
  ];
}

function bytesInMemory({ state: { memory } }: OllamaServedModel): number {
  return memory ? memory.ramBytes + memory.vramBytes : 0;
}

function bytesOnGpu({ state: { memory } }: OllamaServedModel): number {
  return memory?.vramBytes ?? 0;
}

function expiryOf({ state: { unloadsAtSeconds } }: OllamaServedModel): string {
  return unloadsAtSeconds === null ? NEVER : new Date(unloadsAtSeconds * 1000).toISOString();
}

/** When the file was written; the start of the server for a file that cannot be read. */
function modifiedAt({ state, startedAtSeconds }: OllamaServedModel): string {
  return (state.modifiedAt ?? new Date(startedAtSeconds * 1000)).toISOString();
}
