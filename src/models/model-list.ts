// The models that clients can ask for: those of the settings, and those in the models folder. Each has one entry, and the engines
// that the requests for it need: one that generates, and one that computes embeddings or ranks documents.

import type { EmbeddingEngine } from "../engine/embedding-engine.ts";
import type { Engine } from "../engine/engine.ts";
import { ServiceError } from "../errors.ts";
import { Catalog, type CatalogEntry } from "./catalog.ts";
import type { Fleet } from "./fleet/fleet.ts";
import type { FleetModel } from "./fleet/fleet-model.ts";
import { listModelFolder } from "./model-folder.ts";

/** What is known about a model before it is loaded. */
export type ModelSpec = {
  /** The first one is its id. */
  readonly names: readonly [string, ...string[]];
  /** Absolute path. */
  readonly file: string;
  /** Tokens per slot; null for as many as fit. */
  readonly contextTokens: number | null;
  readonly slots: number;
  /** Null for as many as fit. */
  readonly gpuLayers: number | null;
  /** Whether it is never unloaded. */
  readonly isPinned: boolean;
  /** Whether it is loaded at the start. */
  readonly isPreloaded: boolean;
};

export type GeneratingModel = FleetModel<Engine>;
export type EmbeddingFleetModel = FleetModel<EmbeddingEngine>;

/** One model of the list. */
export type OfferedModel = {
  readonly spec: ModelSpec;
  /** `folder`: a file in the models folder, which may be deleted. */
  readonly source: "settings" | "folder";
  /** Null for a file that is only for embeddings or ranking. */
  readonly generating: GeneratingModel | null;
  /** Null until the first such request. */
  readonly embedding: EmbeddingFleetModel | null;
};

/** The models of the settings. */
export type ConfiguredModels = {
  /** The first one is for requests that name no model. */
  readonly generating: readonly [ModelSpec, ...ModelSpec[]];
  /** Whether the first one takes every name that no other model has. */
  readonly servesAny: boolean;
  /** Null if the first generating model computes embeddings too. */
  readonly embedding: ModelSpec | null;
  /** Null if the embedding model ranks too. */
  readonly ranking: ModelSpec | null;
  /** Its GGUF files are offered too; null for none. */
  readonly folder: string | null;
};

export type ModelListOptions = {
  readonly configured: ConfiguredModels;
  readonly fleet: Fleet;
  readonly createGenerating: (spec: ModelSpec) => GeneratingModel;
  readonly createEmbedding: (
    spec: ModelSpec,
    generating: GeneratingModel | null,
  ) => EmbeddingFleetModel;
  /** What the folder's models have that is not their own. */
  readonly folderDefaults: () => Pick<ModelSpec, "contextTokens" | "slots" | "gpuLayers">;
  readonly log: (level: "info" | "warn", message: string) => void;
};

export type EmbeddingPurpose = "embed" | "rank";

type Entry = { -readonly [K in keyof OfferedModel]: OfferedModel[K] };

/** The folder is read again at most this often. */
const RESCAN_MS = 1_000;

export class ModelList {
  readonly #options: ModelListOptions;
  #configured: ConfiguredModels;
  /** By file and whether it generates, in the order in which they are listed. */
  #entries = new Map<string, Entry>();
  #scannedAtMs = Number.NEGATIVE_INFINITY;
  #folderProblem = "";

  constructor(options: ModelListOptions) {
    this.#options = options;
    this.#configured = options.configured;
    this.update(options.configured);
  }

  /** Takes over other settings. Models that are not in them any more finish their running requests. */
  update(configured: ConfiguredModels): void {
    this.#configured = configured;
    this.#scannedAtMs = performance.now();
    const { embedding, ranking } = configured;
    const specs = configured.generating.map((spec) => ({ spec, generates: true }));
    const others = [embedding, ranking].flatMap((spec) =>
      spec ? [{ spec, generates: false }] : [],
    );
    const entries = new Map<string, Entry>();
    for (const { spec, generates } of [...specs, ...others])
      this.#keepOrAdd(entries, { spec, generates, source: "settings" });
    for (const spec of this.#folderSpecs([...entries.values()]))
      this.#keepOrAdd(entries, { spec, generates: true, source: "folder" });
    for (const [key, entry] of this.#entries) if (entries.get(key) !== entry) this.#remove(entry);
    this.#entries = entries;
  }

  /** All models, the default one first. */
  get all(): readonly OfferedModel[] {
    this.#rescan();
    return [...this.#entries.values()];
  }

  /** The names that requests for answers may use. */
  get ids(): readonly string[] {
    this.#rescan();
    return this.#generatingCatalog.ids;
  }

  /** The model for requests that name none. */
  get default(): GeneratingModel {
    return this.#generatingCatalog.resolve(null).value;
  }

  /** @param name as a client wrote it; null if it named none. @throws ServiceError `model_not_found` */
  resolve(name: string | null): { readonly id: string; readonly model: GeneratingModel } {
    if (!this.#generatingCatalog.find(name)) this.#rescan();
    const { id, value } = this.#generatingCatalog.resolve(name);
    return { id, model: value };
  }

  /** Any model by any of its names, also one that only computes embeddings. @throws ServiceError `model_not_found` */
  find(name: string): { readonly id: string; readonly model: OfferedModel } {
    this.#rescan();
    const [first, ...others] = [...this.#entries.values()].map((value) => ({
      names: value.spec.names,
      value,
    }));
    if (!first) throw new Error("there is always a default model");
    const { servesAny } = this.#configured;
    const { id, value } = new Catalog({ entries: [first, ...others], servesAny }).resolve(name);
    return { id, model: value };
  }

  /** As `resolve()`, for embeddings and ranking. */
  resolveEmbedding(
    name: string | null,
    purpose: EmbeddingPurpose,
  ): { readonly id: string; readonly model: EmbeddingFleetModel } {
    const catalog = () => this.#embeddingCatalog(purpose);
    if (!catalog().find(name)) this.#rescan();
    const { id, value } = catalog().resolve(name);
    return { id, model: this.#embeddingOf(value) };
  }

  get #generatingCatalog(): Catalog<GeneratingModel> {
    const [first, ...others] = [...this.#entries.values()].flatMap(({ spec, generating }) =>
      generating ? [{ names: spec.names, value: generating }] : [],
    );
    if (!first) throw new Error("there is always a default model");
    return new Catalog({
      entries: [first, ...others],
      servesAny: this.#configured.servesAny,
    });
  }

  /** The model for this purpose comes first, also under the names of the default model; then all others under their own names. */
  #embeddingCatalog(purpose: EmbeddingPurpose): Catalog<Entry> {
    const { generating, embedding, ranking, servesAny } = this.#configured;
    const [{ names }] = generating;
    const spec = (purpose === "rank" ? ranking : null) ?? embedding ?? generating[0];
    const entries = [...this.#entries.values()];
    const main = entries.find((entry) => isSame(entry.spec, spec));
    if (!main) throw new Error("there is always a model for embeddings");
    const first: CatalogEntry<Entry> = {
      names: main.generating ? names : [...spec.names, ...names],
      value: main,
    };
    const others = entries.filter((entry) => entry !== main);
    const named = others.map((value) => ({ names: value.spec.names, value }));
    return new Catalog({ entries: [first, ...named], servesAny });
  }

  #embeddingOf(entry: Entry): EmbeddingFleetModel {
    if (entry.embedding) return entry.embedding;
    const model = this.#options.createEmbedding(entry.spec, entry.generating);
    entry.embedding = model;
    this.#options.fleet.add(model);
    return model;
  }

  #rescan(): void {
    if (performance.now() - this.#scannedAtMs >= RESCAN_MS) this.update(this.#configured);
  }

  #keepOrAdd(
    entries: Map<string, Entry>,
    {
      spec,
      generates,
      source,
    }: {
      readonly spec: ModelSpec;
      readonly generates: boolean;
      readonly source: Entry["source"];
    },
  ): void {
    const key = `${generates} ${spec.file} ${spec.names[0]}`;
    if (entries.has(key)) return;
    const known = this.#entries.get(key);
    if (known && isSame(known.spec, spec)) return void entries.set(key, known);
    const generating = generates ? this.#options.createGenerating(spec) : null;
    if (generating) this.#options.fleet.add(generating);
    entries.set(key, { spec, source, generating, embedding: null });
  }

  #remove({ spec, generating, embedding }: Entry): void {
    const message = `the model ${JSON.stringify(spec.names[0])} is not served here any more`;
    const error = new ServiceError("model_not_found", message, { field: "model" });
    for (const model of [generating, embedding])
      if (model) this.#options.fleet.remove(model, error);
  }

  /** A file in the folder whose name is taken by a configured model is not offered, nor one that is configured itself. */
  #folderSpecs(configured: readonly Entry[]): ModelSpec[] {
    const { folder } = this.#configured;
    if (folder === null) return [];
    const files = new Set(configured.map(({ spec }) => spec.file));
    const names = new Set(configured.flatMap(({ spec }) => spec.names));
    return this.#modelsIn(folder)
      .filter(({ file, name }) => !files.has(file) && !names.has(name))
      .map(({ name, file }) => ({
        names: [name],
        file,
        ...this.#options.folderDefaults(),
        isPinned: false,
        isPreloaded: false,
      }));
  }

  /** A folder that cannot be read offers nothing, which is logged once. */
  #modelsIn(folder: string) {
    try {
      const { models } = listModelFolder(folder);
      this.#folderProblem = "";
      return models.filter(({ problem }) => problem === null);
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.#folderProblem) this.#options.log("warn", message);
      this.#folderProblem = message;
      return [];
    }
  }
}

function isSame(one: ModelSpec, other: ModelSpec): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
