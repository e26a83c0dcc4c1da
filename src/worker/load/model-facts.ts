// What a loaded GGUF says about itself, for the model endpoints.

import { GgufFileType, type LlamaModel } from "node-llama-cpp";
import type { ModelInfo } from "../../generation/model-info.ts";

export function modelFacts(model: LlamaModel) {
  const { fileInfo, fileInsights, tokens } = model;
  const { architecture, file_type: type } = fileInfo.metadata.general;
  const name = type === undefined ? undefined : GgufFileType[type];
  const { prefix, suffix, middle } = tokens.infill;
  return {
    gpuLayers: model.gpuLayers,
    totalLayers: fileInsights.totalLayers,
    trainedContextTokens: model.trainContextSize,
    canRank: fileInsights.supportsRanking,
    modelBytes: model.size,
    family: architecture,
    parameters: fileInsights.totalParameters,
    quantization: name?.replace(/^(MOSTLY|ALL)_/, "") ?? null,
    canInfill: [prefix, suffix, middle].every((token) => token !== null),
    beginningText: tokens.bosString,
    endText: tokens.eosString,
  } satisfies Partial<ModelInfo>;
}
