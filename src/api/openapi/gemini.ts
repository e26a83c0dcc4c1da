// Operations of Gemini's API beside those that generate: what is served.

import { geminiError } from "../gemini/answer.ts";
import {
  geminiModel,
  geminiModelList,
  geminiModelQuery,
  geminiModelsQuery,
} from "../gemini/models.ts";
import { get, type Operation, pathModel, queryOf } from "./operation.ts";

const OF_ALL = { error: geminiError, isForAnyKey: true } as const;

export function geminiOperations(): readonly Operation[] {
  const path = "/v1beta/models";
  return [
    {
      ...get(path, "Gemini", "Lists what is served", ["GeminiModelList", geminiModelList]),
      ...OF_ALL,
      parameters: queryOf(geminiModelsQuery),
      codes: ["invalid_value", "unknown_parameter"],
    },
    {
      ...get(`${path}/{model}`, "Gemini", "Describes one model", ["GeminiModel", geminiModel]),
      ...OF_ALL,
      parameters: [pathModel(), ...queryOf(geminiModelQuery)],
      codes: ["unknown_parameter", "model_not_found", "bad_request"],
    },
  ];
}
