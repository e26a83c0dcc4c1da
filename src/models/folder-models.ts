// The models that the list offers because their files are in the models folder. Called by model-list.ts.

import { listModelFolder, type ModelFolderEntry } from "./model-folder.ts";
import type { ModelSpec } from "./model-spec.ts";

export type FolderModelsOptions = {
  /** What the folder's models have that is not their own. */
  readonly folderDefaults: () => Pick<ModelSpec, "contextTokens" | "slots" | "gpuLayers">;
  readonly log: (level: "info" | "warn", message: string) => void;
};

type Taken = { readonly files: ReadonlySet<string>; readonly names: ReadonlySet<string> };

export class FolderModels {
  readonly #options: FolderModelsOptions;
  #problem = "";

  constructor(options: FolderModelsOptions) {
    this.#options = options;
  }

  /** @param taken files and names that are not offered, because other models have them */
  specs(folder: string, taken: Taken): readonly ModelSpec[] {
    return this.#modelsIn(folder)
      .filter(({ file, name }) => !taken.files.has(file) && !taken.names.has(name))
      .map(({ name, file }) => ({
        names: [name],
        file,
        ...this.#options.folderDefaults(),
        isPinned: false,
        isPreloaded: false,
      }));
  }

  /** A folder that cannot be read offers nothing, which is logged once. */
  #modelsIn(folder: string): readonly ModelFolderEntry[] {
    try {
      const { models } = listModelFolder(folder);
      this.#problem = "";
      return models.filter(({ problem }) => problem === null);
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.#problem) this.#options.log("warn", message);
      this.#problem = message;
      return [];
    }
  }
}
