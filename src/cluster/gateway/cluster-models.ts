// The models that a gateway offers: those of the nodes. A model whose last node has left stays for five minutes, so that requests
// can wait for it.

import type { ServiceError } from "../../errors.ts";
import type { ConfiguredModels, ModelSpec } from "../../models/model-spec.ts";
import type { AnnouncedModel, Announcement } from "../messages.ts";
import { type GatewayProblem, unavailable } from "./nodes.ts";

const FORGET_AFTER_MS = 5 * 60_000;

type KnownModel = {
  readonly key: string;
  /** The first one stays the same as long as the model is known. */
  names: readonly [string, ...string[]];
  kind: AnnouncedModel["kind"];
  isForEmbedding: boolean;
  isForRanking: boolean;
  /** When a node had it last, in ms. */
  seenAtMs: number;
};

export class ClusterModels {
  readonly #log: (level: "warn", message: string) => void;
  readonly #problem: () => GatewayProblem | null;
  /** By key. */
  readonly #known = new Map<string, KnownModel>();
  /** Names of models that nodes load for the first time. */
  #loading: readonly string[] = [];
  /** Keys of models that were left out, so that each is logged once. */
  readonly #leftOut = new Set<string>();

  constructor(options: {
    readonly log: (level: "warn", message: string) => void;
    readonly problem: () => GatewayProblem | null;
  }) {
    this.#log = options.log;
    this.#problem = options.problem;
  }

  update(nodes: readonly Announcement[], nowMs: number): void {
    const announced = nodes.flatMap(({ name, models }) => models.map((model) => ({ name, model })));
    const present = new Set(announced.map(({ model }) => model.key));
    for (const { key, seenAtMs } of this.#known.values())
      if (!present.has(key) && nowMs - seenAtMs >= FORGET_AFTER_MS) this.#known.delete(key);
    this.#loading = announced.flatMap(({ model }) => (model.info ? [] : model.names));
    for (const { name, model } of announced) this.#see(model, { node: name, nowMs, present });
  }

  get configured(): ConfiguredModels {
    const models = [...this.#known.values()].sort((one, other) =>
      one.names[0].localeCompare(other.names[0]),
    );
    const specs = new Map(models.map((model) => [model.key, specOf(model)] as const));
    const specsOf = (chosen: readonly KnownModel[]) =>
      chosen.flatMap(({ key }) => specs.get(key) ?? []);
    const others = specsOf(models.filter(({ kind }) => kind === "embedding"));
    return {
      generating: specsOf(models.filter(({ kind }) => kind === "chat")),
      servesAny: false,
      embedding: specsOf(models.filter(({ isForEmbedding }) => isForEmbedding))[0] ?? null,
      ranking: specsOf(models.filter(({ isForRanking }) => isForRanking))[0] ?? null,
      others,
      aliases: [],
      folder: null,
      missing: this.missing,
    };
  }

  /** Why a name is unknown, if that is only for now. @param name null for the default model */
  readonly missing = (name: string | null): ServiceError | null => {
    const hasNone = this.#known.size === 0;
    const problem = this.#problem();
    if (hasNone && problem) return unavailable(problem.reason);
    if (name !== null && this.#loading.includes(name))
      return unavailable(`the nodes are loading the model ${JSON.stringify(name)}`);
    return hasNone ? unavailable("no node serves a model yet") : null;
  };

  /** The first name of a model, by its key; null for one that is not offered. */
  nameOf(key: string): string | null {
    return this.#known.get(key)?.names[0] ?? null;
  }

  #see(
    { key, names, info, kind, isForEmbedding, isForRanking }: AnnouncedModel,
    {
      node,
      nowMs,
      present,
    }: { readonly node: string; readonly nowMs: number; readonly present: ReadonlySet<string> },
  ): void {
    const known = this.#known.get(key);
    if (!known && info === null) return;
    const [first] = names;
    const owner = known ? null : this.#ownerOf(first, key);
    if (owner && present.has(owner.key)) return this.#leaveOut(key, { name: first, node });
    if (owner) this.#known.delete(owner.key); // a new file under the same name, and no node has the old one
    this.#leftOut.delete(key);
    const others = [...(known?.names ?? []), ...names].filter(
      (name) => this.#ownerOf(name, key) === null,
    );
    const [name = first, ...more] = new Set(others);
    const facts = { kind, isForEmbedding, isForRanking, seenAtMs: nowMs };
    this.#known.set(key, { key, names: [name, ...more], ...facts });
  }

  #ownerOf(name: string, key: string): KnownModel | null {
    for (const known of this.#known.values())
      if (known.key !== key && known.names.includes(name)) return known;
    return null;
  }

  #leaveOut(key: string, { name, node }: { readonly name: string; readonly node: string }): void {
    if (this.#leftOut.has(key)) return;
    this.#leftOut.add(key);
    const message = `the model ${JSON.stringify(name)} of the node ${node} is left out: other nodes serve another file, or other settings, under that name`;
    this.#log("warn", message);
  }
}

function specOf({ key, names }: KnownModel): ModelSpec {
  return {
    names,
    file: key,
    isRemote: true,
    contextTokens: null,
    slots: 0,
    gpuLayers: null,
    isPinned: true,
    isPreloaded: true,
  };
}
