// Describes a model file without loading its weights, for `sluice show`.

import type { ModelInfo } from "../../generation/model-info.ts";
import { modelFacts, withDevice } from "./device.ts";
import { languageFacts, modelLanguage } from "./model-language.ts";

export type ModelDescription = Pick<
  ModelInfo,
  keyof ReturnType<typeof languageFacts> | keyof Awaited<ReturnType<typeof modelFacts>>
> & {
  /** Null if the file does not name the model. */
  readonly name: string | null;
};

/** @throws ServiceError with one clear line */
export function describeModel(
  modelPath: string,
  log: (level: "warn" | "error", message: string) => void,
): Promise<ModelDescription> {
  return withDevice({ gpu: "off", modelPath }, async (device) => {
    const model = await device.llama.loadModel({ modelPath, vocabOnly: true, gpuLayers: 0 });
    const language = modelLanguage(device.llama, model, log);
    return {
      name: model.fileInfo.metadata.general.name ?? null,
      ...languageFacts(language),
      ...(await modelFacts(device, model)),
    };
  });
}
