// Ollama's operations on models.

import { ollamaModels, ollamaRunning, ollamaVersion } from "../ollama/model-answers.ts";
import { type ModelRoute, ollamaPull, ollamaShow } from "../ollama/models.ts";
import { READING_CODES } from "./errors.ts";
import { get, type Operation } from "./operation.ts";

const ANY_KEY = { isForAnyKey: true } as const;

export function ollamaOperations(): readonly Operation[] {
  return [
    {
      ...get("/api/tags", "Ollama", "Lists the served models", ["OllamaModels", ollamaModels]),
      ...ANY_KEY,
    },
    {
      ...get("/api/ps", "Ollama", "Lists the loaded models", ["OllamaRunning", ollamaRunning]),
      ...ANY_KEY,
    },
    {
      ...get("/api/version", "Ollama", "Returns the version of Ollama's API", [
        "OllamaVersion",
        ollamaVersion,
      ]),
      ...ANY_KEY,
    },
    ...[ollamaShow, ollamaPull].map(operationOf),
  ];
}

function operationOf({ path, contract }: ModelRoute): Operation {
  const { name, tag, summary, answer } = contract;
  return {
    ...get(path, tag, summary, [name, answer]),
    method: "post",
    contract,
    codes: READING_CODES,
    ...ANY_KEY,
  };
}
