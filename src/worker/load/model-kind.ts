// Describes the kind of model in a GGUF, for the model endpoints.

import { GgufFileType, type LlamaModel } from "node-llama-cpp";
import type { ModelInfo } from "../../generation/model-info.ts";

type Kind = Pick<ModelInfo, "family" | "parameters" | "quantization" | "canInfill">;

export function modelKind({ fileInfo, fileInsights, tokens: { infill } }: LlamaModel): Kind {
  const { architecture, file_type: type } = fileInfo.metadata.general;
  const name = type === undefined ? undefined : GgufFileType[type];
  return {
    family: architecture,
    parameters: fileInsights.totalParameters,
    quantization: name?.replace(/^(MOSTLY|ALL)_/, "") ?? null,
    canInfill: [infill.prefix, infill.suffix, infill.middle].every((token) => token !== null),
  };
}
