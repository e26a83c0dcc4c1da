// Makes the list of models that are served from the settings. Called by create-models.ts.

import path from "node:path";
import type { Config } from "./config/config.ts";
import type { ModelEntry } from "./config/model-entry.ts";
import { modelNameOf } from "./models/model-file-name.ts";
import type { ConfiguredModels, ModelSpec } from "./models/model-spec.ts";

/** The alias that accepts every name. */
const ANY = "*";

/** The models that the settings name. */
export function configuredModels(config: Config): ConfiguredModels {
  const [first, ...others] = config.model;
  const aliases = config.alias.filter((alias) => alias !== ANY);
  const main = specOf(first, config);
  const [name = main.names[0], ...moreNames] = aliases;
  const named =
    first.name === null ? ([name, ...moreNames] as const) : ([first.name, ...aliases] as const);
  const renamed = { ...main, names: [...named, ...first.aliases] } as const;
  const generating = [
    aliases.length > 0 ? renamed : main,
    ...others.map((each) => specOf(each, config)),
  ] as const;
  const embedding = fileSpec(config.embeddingModel, generating);
  const known = embedding ? [...generating, embedding] : generating;
  return {
    generating,
    servesAny: config.alias.includes(ANY),
    embedding,
    ranking: fileSpec(config.rerankModel, known),
    aliases,
    folder: config.modelsDir,
  };
}

function specOf(entry: ModelEntry, config: Config): ModelSpec {
  const defaults = folderDefaults(config);
  return {
    names: [entry.name ?? modelNameOf(entry.path), ...entry.aliases],
    file: path.resolve(entry.path),
    contextTokens: entry.context ?? defaults.contextTokens,
    slots: entry.slots ?? defaults.slots,
    gpuLayers: entry.gpuLayers ?? defaults.gpuLayers,
    isPinned: entry.isPinned,
    isPreloaded: entry.isPreloaded,
  };
}

/** What applies to a model of which the settings say no more, as those of the models folder. */
export function folderDefaults({ context, slots, gpuLayers }: Config) {
  return { contextTokens: context ?? null, slots, gpuLayers: gpuLayers ?? null };
}

/** The files that only compute embeddings or rank documents. */
export function embeddingFilesOf(config: Config): readonly string[] {
  const { generating, embedding, ranking } = configuredModels(config);
  const chats = generating.map(({ file }) => file);
  const files = new Set([embedding, ranking].flatMap((spec) => spec?.file ?? []));
  return [...files].filter((file) => !chats.includes(file));
}

/** One of the models that are there, if it has this file. */
function fileSpec(file: string | undefined, known: readonly ModelSpec[]): ModelSpec | null {
  if (file === undefined) return null;
  const resolved = path.resolve(file);
  return (
    known.find((spec) => spec.file === resolved) ?? {
      names: [modelNameOf(file)],
      file: resolved,
      contextTokens: null,
      slots: 1,
      gpuLayers: null,
      isPinned: false,
      isPreloaded: false,
    }
  );
}
