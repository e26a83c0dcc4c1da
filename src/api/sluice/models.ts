// The answers of /v1/models and of the routes that load and unload models: OpenAI's form, with the state of each model in `meta`,
// where llama.cpp's server has such facts too. https://platform.openai.com/docs/api-reference/models

import { z } from "zod";
import type { MemoryUse } from "../../generation/memory-use.ts";
import type { ModelInfo, ModelState } from "../../generation/model-info.ts";

const seconds = z.int().nullable();
const memory = z.strictObject({ ram: z.int(), vram: z.int() }).nullable();
const modelState = z.enum([
  "unloaded",
  "waiting",
  "loading",
  "ready",
  "restarting",
  "unloading",
  "failed",
  "closed",
]);

export const model = z.strictObject({
  id: z.string(),
  object: z.literal("model"),
  created: z.int().min(0),
  owned_by: z.literal("sluice"),
  meta: z.strictObject({
    state: modelState.describe(
      "`waiting`: requests wait until other models have freed the memory.",
    ),
    reason: z.string().nullable().describe("Why the state is failed or restarting."),
    progress: z.number().min(0).max(1).describe("Of loading: 0 to 1."),
    kind: z.enum(["chat", "embedding"]),
    aliases: z
      .array(z.string())
      .readonly()
      .describe("Its other names; in an entry under such a name, only the first of its names."),
    size: z.int().nullable().describe("Bytes of the file."),
    n_ctx: z.int().nullable().describe("Tokens per slot; null until it was loaded."),
    n_ctx_train: z.int().nullable().describe("Tokens for which it was trained."),
    reasoning_efforts: z
      .array(z.enum(["none", "low", "medium", "high"]))
      .readonly()
      .nullable()
      .describe(
        "Values of `reasoning_effort` that differ for the model; none for a model without reasoning; null until it was loaded.",
      ),
    slots: z.int().describe("Requests that it serves at the same time."),
    memory: memory.describe("Bytes that it takes when it is loaded; null until that is known."),
    fits: z
      .boolean()
      .nullable()
      .describe("Whether it fits into the memory for models; null until that is known."),
    pinned: z.boolean().describe("Whether it is never unloaded."),
    deletable: z.boolean().describe("Whether its file, one of the models folder, can be deleted."),
    busy: z.int().describe("Running requests."),
    waiting: z.int().describe("Requests that wait for the model or its slots."),
    loaded_at: seconds.describe("Unix time; null while it is not loaded."),
    last_used_at: seconds.describe("Unix time; null before the first load."),
    unloads_at: seconds.describe("Unix time at which it is unloaded if no request comes."),
    load_ms: z.int().nullable().describe("How long the last load took."),
    embeddings: z
      .strictObject({ state: modelState, memory })
      .nullable()
      .describe(
        "The process of a chat model that computes its embeddings; null before such a request.",
      ),
  }),
});

export const modelList = z.strictObject({ object: z.literal("list"), data: z.array(model) });

export const deletedModel = z.strictObject({
  id: z.string(),
  object: z.literal("model"),
  deleted: z.literal(true),
});

export type Model = z.output<typeof model>;

export function encodeDeletedModel(id: string): z.output<typeof deletedModel> {
  return { id, object: "model", deleted: true };
}

/** @param id the name that the client knows */
export function encodeModel(id: string, created: number, state: ModelState): Model {
  const { info, loadMs, embeddings } = state;
  return {
    id,
    object: "model",
    created,
    owned_by: "sluice",
    meta: {
      state: state.state,
      reason: state.reason,
      progress: Math.round(state.loadProgress * 100) / 100,
      kind: state.kind,
      aliases: aliasesIn(id, state),
      size: state.sizeBytes || null,
      n_ctx: info?.contextTokens ?? null,
      n_ctx_train: info?.trainedContextTokens ?? null,
      reasoning_efforts: info && reasoningEfforts(info),
      slots: state.slots,
      memory: encodeMemory(state.memory),
      fits: state.fits,
      pinned: state.isPinned,
      deletable: state.isDeletable,
      busy: state.busy,
      waiting: state.waiting,
      loaded_at: state.loadedAtSeconds,
      last_used_at: state.lastUsedAtSeconds,
      unloads_at: state.unloadsAtSeconds,
      load_ms: loadMs === null ? null : Math.round(loadMs),
      embeddings: embeddings && {
        state: embeddings.state,
        memory: encodeMemory(embeddings.memory),
      },
    },
  };
}

/** A template that does not name the effort only switches reasoning on and off. Reasoning can always be switched off. */
function reasoningEfforts(info: ModelInfo): Model["meta"]["reasoning_efforts"] {
  if (info.reasoningFormat === null) return [];
  if (!info.canSwitchReasoning) return ["none"];
  const hasLevels = /\breasoning_effort\b/.test(info.chatTemplate ?? "");
  return hasLevels ? ["none", "low", "medium", "high"] : ["none", "medium"];
}

function encodeMemory(use: MemoryUse | null): z.output<typeof memory> {
  return use && { ram: use.ramBytes, vram: use.vramBytes };
}

/** Each name is an entry of the list: if each of them had all names, the list would grow with their square. */
function aliasesIn(id: string, { names: [first, ...others] }: ModelState): readonly string[] {
  return id === first ? others : [first];
}
