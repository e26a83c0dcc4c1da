// The models that clients can ask for: those of the settings, and those in the models folder. Each has one entry, and the engines
// that the requests for it need: one that generates, and one that computes embeddings or ranks documents.

import { ServiceError } from "../errors.ts";
import type { Fleet } from "./fleet/fleet.ts";
import { FolderModels, type FolderModelsOptions } from "./folder-models.ts";
import { partsOf } from "./model-file-name.ts";
import { deleteModel, ModelFolderError } from "./model-folder.ts";
import type { ConfiguredModels, ModelSpec } from "./model-spec.ts";
import { AddedNames } from "./names/added-names.ts";
import { type AllowedModels, isSame, ModelView } from "./names/model-view.ts";
import type {
  EmbeddingFleetModel,
  EmbeddingPurpose,
  GeneratingModel,
  OfferedModel,
} from "./names/offered-model.ts";

export type ModelListOptions = FolderModelsOptions & {
  readonly configured: ConfiguredModels;
  readonly fleet: Fleet;
  readonly createGenerating: (spec: ModelSpec) => GeneratingModel;
  readonly createEmbedding: (
    spec: ModelSpec,
    generating: GeneratingModel | null,
  ) => EmbeddingFleetModel;
};

type Entry = { -readonly [K in keyof OfferedModel]: OfferedModel[K] };

/** The folder is read again at most this often. */
const RESCAN_MS = 1_000;

export class ModelList implements AllowedModels {
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
    const { embedding, ranking, others: further = [] } = configured;
    const specs = configured.generating.map((spec) => ({ spec, generates: true }));
    const others = [embedding, ranking, ...further].flatMap((spec) =>
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
    return this.#whole.ids;
  }

  /** The model for requests that name none. @throws ServiceError while there is none */
  get default(): GeneratingModel {
    return this.#whole.resolve(null).model;
  }

  /** @param name as a client wrote it; null if it named none. @throws ServiceError `model_not_found` */
  resolve(name: string | null): { readonly id: string; readonly model: GeneratingModel } {
    if (!this.#whole.knows(name)) this.#rescanIfDue();
    return this.#whole.resolve(name);
  }

  find(name: string): { readonly id: string; readonly model: OfferedModel } {
    this.#rescanIfDue();
    return this.#whole.find(name);
  }

  has(name: string): boolean {
    this.#rescanIfDue();
    return this.#whole.has(name);
  }

  /** The models as a caller sees them. @param names those that it may use; null for all */
  allowedTo(names: readonly string[] | null): AllowedModels {
    if (names === null) return this;
    this.#rescanIfDue();
    return this.#view(names);
  }

  /** Gives a model a further name until the server ends. @returns whether no other model has it */
  addName(model: OfferedModel, name: string): boolean {
    this.#rescanIfDue();
    if (this.#whole.has(name, false)) return this.#whole.find(name, false).model === model;
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
    this.#rescanIfDue();
    const { id, model } = this.#whole.find(name, false);
    if (model.spec.names.includes(id)) return this.#deleteFiles(model);
    this.#added.remove(id);
    this.rescan();
  }

  async #deleteFiles(model: OfferedModel): Promise<void> {
    const { file, names } = model.spec;
    if (model.source !== "folder") throw notDeletable(model.spec);
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

  resolveEmbedding(
    name: string | null,
    purpose: EmbeddingPurpose,
  ): { readonly id: string; readonly model: EmbeddingFleetModel } {
    if (!this.#whole.knowsEmbedding(name, purpose)) this.#rescanIfDue();
    return this.#whole.resolveEmbedding(name, purpose);
  }

  get #whole(): ModelView {
    return this.#view(null);
  }

  #view(allowed: readonly string[] | null): ModelView {
    const entries = [...this.#entries.values()];
    const embeddingOf = (model: OfferedModel) => this.#embeddingOf(model);
    return new ModelView({ entries, configured: this.#configured, allowed, embeddingOf });
  }

  #embeddingOf(model: OfferedModel): EmbeddingFleetModel {
    if (model.embedding) return model.embedding;
    const made = this.#options.createEmbedding(model.spec, model.generating);
    for (const entry of this.#entries.values()) if (entry === model) entry.embedding = made;
    this.#options.fleet.add(made);
    return made;
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
      return void entries.set(key, Object.assign(known, { spec, names }));
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

function notDeletable({ names: [name], isRemote }: ModelSpec): ServiceError {
  if (isRemote) {
    const message = `the model ${JSON.stringify(name)} is on the nodes of the cluster, so it cannot be deleted here`;
    return new ServiceError("invalid_value", message, { field: "model" });
  }
  const message = `the model ${JSON.stringify(name)} is named in the settings of the server, so it cannot be deleted here; only files of the models folder can (--models-dir)`;
  return new ServiceError("invalid_value", message, { field: "model" });
}
