// Gemini's operations on models.

import { geminiError } from "../gemini/answer.ts";
import {
  geminiModel,
  geminiModelList,
  geminiModelQuery,
  geminiModelsQuery,
} from "../gemini/models.ts";
import { get, type Operation, pathModel, queryOf } from "./operation.ts";

const COMMON = { error: geminiError, isForAnyKey: true } as const;

export function geminiOperations(): readonly Operation[] {
  const path = "/v1beta/models";
  return [
    {
      ...get(path, "Gemini", "Lists the served models", ["GeminiModelList", geminiModelList]),
      ...COMMON,
      parameters: queryOf(geminiModelsQuery),
      codes: ["invalid_value", "unknown_parameter"],
    },
    {
      ...get(`${path}/{model}`, "Gemini", "Describes one model", ["GeminiModel", geminiModel]),
      ...COMMON,
      parameters: [pathModel(), ...queryOf(geminiModelQuery)],
      codes: ["unknown_parameter", "model_not_found", "bad_request"],
    },
  ];
}
