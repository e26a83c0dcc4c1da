// The models that the list offers because their files are in the models folder. Called by model-list.ts.

import { listModelFolder, type ModelFolderEntry, ModelFolderError } from "./model-folder.ts";
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
  /** What was found the last time that the folder could be read. */
  #found: { readonly folder: string; readonly models: readonly ModelFolderEntry[] } | null = null;

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

  /** A folder that cannot be read, which is logged once, offers what it did: only one that is gone offers nothing. */
  #modelsIn(folder: string): readonly ModelFolderEntry[] {
    try {
      const models = listModelFolder(folder).models.filter(({ problem }) => problem === null);
      this.#problem = "";
      this.#found = { folder, models };
    } catch (error) {
      if (!(error instanceof ModelFolderError)) throw error;
      const { message, isMissing } = error;
      if (message !== this.#problem) this.#options.log("warn", message);
      this.#problem = message;
      if (isMissing) this.#found = null;
    }
    return this.#found?.folder === folder ? this.#found.models : [];
  }
}
