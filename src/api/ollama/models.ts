// Ollama's routes about models: lists and descriptions of the served models. https://docs.ollama.com/api/tags

import { createHash } from "node:crypto";
import { z } from "zod";
import type { ModelState } from "../../generation/model-info.ts";
import type { Contract } from "../shared/contract.ts";
import * as field from "../shared/field-types.ts";
import { parseBody } from "../shared/parse-body.ts";
import { isObject } from "../shared/refusals.ts";
import { OLLAMA } from "./answer.ts";
import { modelName } from "./fields.ts";
import {
  type OllamaDetails,
  type OllamaModel,
  type OllamaModels,
  type OllamaRunning,
  ollamaModel,
  ollamaStatus,
} from "./model-answers.ts";

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
  return { models: served.map((each) => ({ ...headOf(each), modified_at: startOf(each) })) };
}

export function encodeRunning(served: readonly OllamaServedModel[]): OllamaRunning {
  const models = served
    .filter(({ state }) => state.loadedAtSeconds !== null)
    .map((each) => ({
      ...headOf(each),
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
    modified_at: startOf(served),
  };
}

function headOf(served: OllamaServedModel) {
  const name = tagged(served.id);
  const size = served.state.info?.modelBytes ?? served.state.sizeBytes;
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

function bytesOnGpu({ state: { memory } }: OllamaServedModel): number {
  return memory?.vramBytes ?? 0;
}

function expiryOf({ state: { unloadsAtSeconds } }: OllamaServedModel): string {
  return unloadsAtSeconds === null ? NEVER : new Date(unloadsAtSeconds * 1000).toISOString();
}

function startOf({ startedAtSeconds }: OllamaServedModel): string {
  return new Date(startedAtSeconds * 1000).toISOString();
}

/** A route about one model. */
export type ModelRoute = {
  readonly path: string;
  readonly contract: Contract;
  /** @throws ServiceError 400, naming the field */
  parse(body: unknown): { readonly model: string; readonly ignoredParams: readonly string[] };
};

const names = {
  model: modelName,
  name: field.withoutEffect(z.string(), "Older name of model."),
};

const showSchema = z.object({
  ...names,
  verbose: field.withoutEffect(z.boolean(), "Ignored: there is nothing more to show."),
});

export const ollamaShow = modelRoute("/api/show", {
  name: "OllamaShow",
  summary: "Describes one model",
  body: showSchema,
  // These would change the description but not the model.
  unsupported: { system: [""], template: [""], options: [] },
  answer: ollamaModel,
});

const pullSchema = z.object({
  ...names,
  insecure: field.withoutEffect(z.boolean(), "Ignored: nothing is downloaded."),
  stream: field.withoutEffect(z.boolean(), "Ignored: there is always one answer."),
});

export const ollamaPull = modelRoute("/api/pull", {
  name: "OllamaPull",
  summary: "Confirms that a model is served; downloads nothing",
  body: pullSchema,
  unsupported: {},
  answer: ollamaStatus,
});

type NamedModel = z.ZodType<{ readonly model: string }>;
type OwnPart = Pick<Contract, "name" | "summary" | "unsupported" | "answer"> & {
  readonly body: NamedModel;
};

function modelRoute(path: string, own: OwnPart): ModelRoute {
  return {
    path,
    contract: { ...own, tag: OLLAMA, example: { model: "builtin" }, codes: [] },
    parse(body) {
      const { fields, ignoredParams } = parseBody(own.body, withModel(body), own);
      return { model: fields.model, ignoredParams };
    },
  };
}

/** Some clients still send the model's name in the older field `name`. */
function withModel(body: unknown): unknown {
  if (!isObject(body)) return body;
  const { model, name: older } = body;
  return model === undefined && older !== undefined ? { ...body, model: older } : body;
}
