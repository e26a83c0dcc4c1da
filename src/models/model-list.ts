// The models that clients can ask for: those of the settings, and those in the models folder. Each has one entry, and the engines
// that the requests for it need: one that generates, and one that computes embeddings or ranks documents.

import type { EmbeddingEngine } from "../engine/embedding-engine.ts";
import type { Engine } from "../engine/engine.ts";
import { ServiceError } from "../errors.ts";
import { AddedNames } from "./added-names.ts";
import { Catalog, type CatalogEntry } from "./catalog.ts";
import type { Fleet } from "./fleet/fleet.ts";
import type { FleetModel } from "./fleet/fleet-model.ts";
import { FolderModels, type FolderModelsOptions } from "./folder-models.ts";
import { partsOf } from "./model-file-name.ts";
import { deleteModel, ModelFolderError } from "./model-folder.ts";
import type { ConfiguredModels, ModelSpec } from "./model-spec.ts";

export type GeneratingModel = FleetModel<Engine>;
export type EmbeddingFleetModel = FleetModel<EmbeddingEngine>;

export type OfferedModel = {
  readonly spec: ModelSpec;
  /** Those of its spec, and those that were added since the start. */
  readonly names: readonly [string, ...string[]];
  /** `folder`: a file in the models folder, which may be deleted. */
  readonly source: "settings" | "folder";
  /** Null for a file that is only for embeddings or ranking. */
  readonly generating: GeneratingModel | null;
  /** Null until the first such request. */
  readonly embedding: EmbeddingFleetModel | null;
};

export type ModelListOptions = FolderModelsOptions & {
  readonly configured: ConfiguredModels;
  readonly fleet: Fleet;
  readonly createGenerating: (spec: ModelSpec) => GeneratingModel;
  readonly createEmbedding: (
    spec: ModelSpec,
    generating: GeneratingModel | null,
  ) => EmbeddingFleetModel;
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
  readonly #folder: FolderModels;
  readonly #added = new AddedNames();
  /** Files that are being deleted: the folder may still have them. */
  readonly #deleting = new Set<string>();

  constructor(options: ModelListOptions) {
    this.#options = options;
    this.#folder = new FolderModels(options);
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
      spec && !configured.generating.includes(spec) ? [{ spec, generates: false }] : [],
    );
    const entries = new Map<string, Entry>();
    for (const { spec, generates } of [...specs, ...others])
      this.#keepOrAdd(entries, { spec, generates, source: "settings" });
    for (const spec of this.#specsInFolder([...entries.values()]))
      this.#keepOrAdd(entries, { spec, generates: true, source: "folder" });
    for (const [key, entry] of this.#entries)
      if (entries.get(key) !== entry) void this.#remove(entry, { isReplaced: entries.has(key) });
    this.#entries = entries;
    this.#added.keepOnly([...entries.values()].map(({ spec }) => spec.names[0]));
  }

  /** Reads the folder at once, for a file that has just been written. */
  rescan(): void {
    this.update(this.#configured);
  }

  /** All models, the default one first. */
  get all(): readonly OfferedModel[] {
    this.#rescanIfDue();
    return [...this.#entries.values()];
  }

  /** The names that requests for answers may use. */
  get ids(): readonly string[] {
    this.#rescanIfDue();
    return this.#generatingCatalog.ids;
  }

  /** The model for requests that name none. */
  get default(): GeneratingModel {
    return this.#generatingCatalog.resolve(null).value;
  }

  /** @param name as a client wrote it; null if it named none. @throws ServiceError `model_not_found` */
  resolve(name: string | null): { readonly id: string; readonly model: GeneratingModel } {
    if (!this.#generatingCatalog.find(name)) this.#rescanIfDue();
    const { id, value } = this.#generatingCatalog.resolve(name);
    return { id, model: value };
  }

  /** Any model by any of its names, also one that only computes embeddings. @throws ServiceError `model_not_found` */
  find(name: string): { readonly id: string; readonly model: OfferedModel } {
    const { id, value } = this.#allNames({ servesAny: this.#configured.servesAny }).resolve(name);
    return { id, model: value };
  }

  /** Whether a request with this name is answered. */
  has(name: string): boolean {
    return this.#allNames({ servesAny: this.#configured.servesAny }).find(name) !== null;
  }

  /** Gives a model a further name until the server ends. @returns whether no other model has it */
  addName(model: OfferedModel, name: string): boolean {
    const owner = this.#allNames({ servesAny: false }).find(name)?.value;
    if (owner) return owner === model;
    this.#added.add(name, model.spec.names[0]);
    this.rescan();
    return true;
  }

  /**
   * Deletes a name that was added, or else the files of a model of the folder, which is not offered from now on, when its running
   * requests have finished. A name that is none of a model's never means the one that takes any name.
   *
   * @throws ServiceError
   */
  async delete(name: string): Promise<void> {
    const { id, value } = this.#allNames({ servesAny: false }).resolve(name);
    if (value.spec.names.includes(id)) return this.#deleteFiles(value);
    this.#added.remove(id);
    this.rescan();
  }

  async #deleteFiles(model: Entry): Promise<void> {
    const { file, names } = model.spec;
    if (model.source !== "folder") throw notDeletable(names[0]);
    this.#deleting.add(file);
    this.rescan();
    try {
      await this.#remove(model, { isReplaced: false }); // the same wait as that of the rescan
      deleteModel({ parts: partsOf(file) });
      this.#options.log("info", `deleted the model ${names[0]}`);
    } catch (error) {
      if (!(error instanceof ModelFolderError)) throw error;
      this.#options.log("warn", error.message); // the client may have disconnected
      throw new ServiceError("folder_not_writable", error.message, { cause: error });
    } finally {
      this.#deleting.delete(file);
      this.rescan();
    }
  }

  /** What loads the model: the engine that generates, or for other models the one for embeddings. */
  loadable({ spec, generating }: OfferedModel): GeneratingModel | EmbeddingFleetModel {
    return generating ?? this.resolveEmbedding(spec.names[0], "embed").model;
  }

  /** As `resolve()`, for embeddings and ranking. */
  resolveEmbedding(
    name: string | null,
    purpose: EmbeddingPurpose,
  ): { readonly id: string; readonly model: EmbeddingFleetModel } {
    const catalog = () => this.#embeddingCatalog(purpose);
    if (!catalog().find(name)) this.#rescanIfDue();
    const { id, value } = catalog().resolve(name);
    return { id, model: this.#embeddingOf(value) };
  }

  /** @param servesAny whether the default model takes every name that no other model has */
  #allNames({ servesAny }: { readonly servesAny: boolean }): Catalog<Entry> {
    this.#rescanIfDue();
    const [first, ...others] = [...this.#entries.values()].map((value) => ({
      names: value.names,
      value,
    }));
    if (!first) throw new Error("there is always a default model");
    return new Catalog({ entries: [first, ...others], servesAny, advisesAlias: false });
  }

  get #generatingCatalog(): Catalog<GeneratingModel> {
    const [first, ...others] = [...this.#entries.values()].flatMap(({ names, generating }) =>
      generating ? [{ names, value: generating }] : [],
    );
    if (!first) throw new Error("there is always a default model");
    return new Catalog({
      entries: [first, ...others],
      servesAny: this.#configured.servesAny,
      advisesAlias: true,
    });
  }

  /** The model for this purpose comes first, also under the names of --alias; then all others under their own names. */
  #embeddingCatalog(purpose: EmbeddingPurpose): Catalog<Entry> {
    const { generating, embedding, ranking, aliases, servesAny } = this.#configured;
    const spec = (purpose === "rank" ? ranking : null) ?? embedding ?? generating[0];
    const entries = [...this.#entries.values()];
    const main = entries.find((entry) => isSame(entry.spec, spec));
    if (!main) throw new Error("there is always a model for embeddings");
    const first: CatalogEntry<Entry> = {
      names: main.generating ? [...main.names] : [...main.names, ...aliases],
      value: main,
    };
    const others = entries.filter((entry) => entry !== main);
    const named = others.map((value) => ({ names: value.names, value }));
    return new Catalog({ entries: [first, ...named], servesAny, advisesAlias: true });
  }

  #embeddingOf(entry: Entry): EmbeddingFleetModel {
    if (entry.embedding) return entry.embedding;
    const model = this.#options.createEmbedding(entry.spec, entry.generating);
    entry.embedding = model;
    this.#options.fleet.add(model);
    return model;
  }

  #rescanIfDue(): void {
    if (performance.now() - this.#scannedAtMs >= RESCAN_MS) this.rescan();
  }

  #specsInFolder(configured: readonly Entry[]): readonly ModelSpec[] {
    const { folder } = this.#configured;
    if (folder === null) return [];
    const files = configured.map(({ spec }) => spec.file);
    const names = configured.flatMap(({ spec }) => spec.names);
    return this.#folder.specs(folder, {
      files: new Set([...files, ...this.#deleting]),
      names: new Set([...names, ...this.#added.all]),
    });
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
    const names: Entry["names"] = [...spec.names, ...this.#added.of(spec.names[0])];
    const known = this.#entries.get(key);
    if (known && isSame(known.spec, spec))
      return void entries.set(key, Object.assign(known, { names }));
    const generating = generates ? this.#options.createGenerating(spec) : null;
    if (generating) this.#options.fleet.add(generating);
    entries.set(key, { spec, names, source, generating, embedding: null });
  }

  /** Resolves when it is unloaded. @param isReplaced whether the list has it with other settings now */
  async #remove(
    { spec, generating, embedding }: OfferedModel,
    { isReplaced }: { readonly isReplaced: boolean },
  ): Promise<void> {
    const name = JSON.stringify(spec.names[0]);
    const gone = `the model ${name} is not served here any more`;
    const changed = `the settings of the model ${name} have changed; send the request again`;
    const error = isReplaced
      ? new ServiceError("engine_unavailable", changed, { retryAfterSeconds: 1 })
      : new ServiceError("model_not_found", gone, { field: "model" });
    const models = [generating, embedding].flatMap((model) => model ?? []);
    await Promise.all(models.map((model) => this.#options.fleet.remove(model, error)));
  }
}

function notDeletable(name: string): ServiceError {
  const message = `the model ${JSON.stringify(name)} is named in the settings of the server, so it cannot be deleted here; only files of the models folder can (--models-dir)`;
  return new ServiceError("invalid_value", message, { field: "model" });
}

function isSame(one: ModelSpec, other: ModelSpec): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
