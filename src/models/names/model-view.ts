// The models that one caller may ask for, under their names. A model that it may not use does not exist for it.

import { ServiceError } from "../../errors.ts";
import type { ConfiguredModels, ModelSpec } from "../model-spec.ts";
import { Catalog, type CatalogEntry, type Resolved } from "./catalog.ts";
import type {
  EmbeddingFleetModel,
  EmbeddingPurpose,
  GeneratingModel,
  OfferedModel,
} from "./offered-model.ts";

/** What a caller may ask of the models. */
export interface AllowedModels {
  /** All models, the default one first. */
  readonly all: readonly OfferedModel[];
  /** The names that requests for answers may use. */
  readonly ids: readonly string[];
  /** @param name as a client wrote it; null if it named none. @throws ServiceError `model_not_found` */
  resolve(name: string | null): { readonly id: string; readonly model: GeneratingModel };
  /** Any model by any of its names, also one that only computes embeddings. @throws ServiceError `model_not_found` */
  find(name: string): { readonly id: string; readonly model: OfferedModel };
  /** Whether a request with this name is answered. */
  has(name: string): boolean;
  /** As `resolve()`, for embeddings and ranking. */
  resolveEmbedding(
    name: string | null,
    purpose: EmbeddingPurpose,
  ): { readonly id: string; readonly model: EmbeddingFleetModel };
}

export type ModelViewOptions = {
  readonly entries: readonly OfferedModel[];
  readonly configured: ConfiguredModels;
  /** Names of the models that the caller may use; null for all. One name of a model allows all of its names. */
  readonly allowed: readonly string[] | null;
  readonly embeddingOf: (model: OfferedModel) => EmbeddingFleetModel;
};

export class ModelView implements AllowedModels {
  readonly #options: ModelViewOptions;
  readonly all: readonly OfferedModel[];

  constructor(options: ModelViewOptions) {
    const { entries, allowed } = options;
    this.#options = options;
    this.all = allowed
      ? entries.filter(({ names }) => names.some((name) => allowed.includes(name)))
      : entries;
  }

  get ids(): readonly string[] {
    return this.all.flatMap(({ names, generating }) => (generating ? names : []));
  }

  resolve(name: string | null) {
    const { id, value } = this.#resolveIn(this.#generating, name);
    return { id, model: value };
  }

  /** Whether `resolve()` knows the name. */
  knows(name: string | null): boolean {
    return isKnown(this.#generating, name);
  }

  find(name: string, servesAny = this.#servesAny) {
    const { id, value } = this.#resolveIn(this.#named(servesAny), name);
    return { id, model: value };
  }

  has(name: string, servesAny = this.#servesAny): boolean {
    return isKnown(this.#named(servesAny), name);
  }

  resolveEmbedding(name: string | null, purpose: EmbeddingPurpose) {
    const { id, value } = this.#resolveIn(this.#embedding(purpose), name);
    return { id, model: this.#options.embeddingOf(value) };
  }

  /** Whether `resolveEmbedding()` knows the name. */
  knowsEmbedding(name: string | null, purpose: EmbeddingPurpose): boolean {
    return isKnown(this.#embedding(purpose), name);
  }

  /** A caller that may not use all models must not get the default one for the name of another. */
  get #servesAny(): boolean {
    const { configured, allowed } = this.#options;
    return configured.servesAny && allowed === null;
  }

  /** The models of other machines have their names there. */
  get #advisesAlias(): boolean {
    const { configured, allowed } = this.#options;
    return allowed === null && configured.missing === undefined;
  }

  #named(servesAny: boolean): Catalog<OfferedModel> | null {
    const entries = this.all.map((value) => ({ names: value.names, value }));
    return this.#catalog(entries, { servesAny, advisesAlias: false });
  }

  get #generating(): Catalog<GeneratingModel> | null {
    const entries = this.all.flatMap(({ names, generating }) =>
      generating ? [{ names, value: generating }] : [],
    );
    return this.#catalog(entries);
  }

  /** The model for this purpose comes first, also under the names of --alias; then all others under their own names. */
  #embedding(purpose: EmbeddingPurpose): Catalog<OfferedModel> | null {
    const { generating, embedding, ranking, aliases } = this.#options.configured;
    const spec = (purpose === "rank" ? ranking : null) ?? embedding ?? generating[0];
    const main = spec && this.all.find((entry) => isSame(entry.spec, spec));
    const further = main && !main.generating ? aliases : [];
    const first = main ? [{ names: [...main.names, ...further] as const, value: main }] : [];
    const others = this.all.filter((entry) => entry !== main);
    return this.#catalog([...first, ...others.map((value) => ({ names: value.names, value }))]);
  }

  /** Null if there is no such model for the caller. */
  #catalog<T>(
    [first, ...others]: readonly CatalogEntry<T>[],
    { servesAny = this.#servesAny, advisesAlias = this.#advisesAlias } = {},
  ): Catalog<T> | null {
    return first ? new Catalog({ entries: [first, ...others], servesAny, advisesAlias }) : null;
  }

  /** @throws ServiceError `model_not_found`, or why the model is missing for now */
  #resolveIn<T>(catalog: Catalog<T> | null, name: string | null): Resolved<T> {
    if (catalog && isKnown(catalog, name)) return catalog.resolve(name);
    const missing = this.#options.configured.missing?.(name);
    if (missing) throw missing;
    if (catalog) return catalog.resolve(name);
    const message = "none of the models that this key may use is served here";
    throw new ServiceError("model_not_found", message, { field: "model" });
  }
}

function isKnown<T>(catalog: Catalog<T> | null, name: string | null): boolean {
  return catalog !== null && catalog.find(name) !== null;
}

/** Other machines may change how they use a file, but not the file. */
export function isSame(one: ModelSpec, other: ModelSpec): boolean {
  if (one.isRemote && other.isRemote) return one.file === other.file;
  return JSON.stringify(one) === JSON.stringify(other);
}
