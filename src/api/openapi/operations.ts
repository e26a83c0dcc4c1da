// All operations of the server: those of the wire formats, made from their contracts, and all others.

import { ollamaPull, ollamaShow } from "../ollama/models.ts";
import type { Contract } from "../shared/contract.ts";
import { DIALECTS, EMBEDDING_APIS, ENDPOINTS } from "../wire-formats.ts";
import { codesOfPost, READING_CODES } from "./errors.ts";
import type { Operation } from "./operation.ts";
import { OTHER_OPERATIONS } from "./other-operations.ts";

export function operations(): readonly Operation[] {
  return [
    ...DIALECTS.map(({ path, contract, lines }) => ({
      ...operationOf(path, contract),
      isMetered: true,
      ...(lines ? { streamType: "application/x-ndjson" as const } : {}),
    })),
    ...ENDPOINTS.map(({ path, contract }) => operationOf(path, contract)),
    ...EMBEDDING_APIS.flatMap(({ paths, contract }) =>
      paths.map((path) => ({ ...operationOf(path, contract), isMetered: true })),
    ),
    ...[ollamaShow, ollamaPull].map(({ path, contract }) => ({
      ...operationOf(path, contract),
      codes: READING_CODES,
      isForAnyKey: true,
    })),
    ...OTHER_OPERATIONS,
  ];
}

function operationOf(path: string, contract: Contract): Operation {
  const { name, tag, summary, answer, event, query, isOnlyStreamed = false } = contract;
  const description = describeAnswer(contract);
  return {
    method: "post",
    path,
    tag,
    summary,
    contract,
    ...(query ? { query } : {}),
    answers: [{ status: 200, description, ...(isOnlyStreamed ? {} : { schema: [name, answer] }) }],
    ...(event ? { event: [`${name}Event`, event] } : {}),
    codes: codesOfPost(contract.codes),
  };
}

function describeAnswer({ event, isOnlyStreamed = false }: Contract): string {
  if (isOnlyStreamed) return "The answer as events";
  return event ? "The answer, whole or, with `stream: true`, as events" : "The answer";
}
