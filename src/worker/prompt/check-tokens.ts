// Checks token ids that a client sent against the model's vocabulary.

import { type ErrorPlace, ServiceError } from "../../errors.ts";

/** @throws ServiceError 400 naming the field, and the first id that is not in the vocabulary */
export function checkTokens(ids: readonly number[], vocabularySize: number, at: ErrorPlace): void {
  const wrong = ids.find((id) => id >= vocabularySize);
  if (wrong === undefined) return;
  throw new ServiceError(
    "invalid_value",
    `${at.field ?? at.param} has the token ${wrong}; this model's tokens are 0 to ${vocabularySize - 1}`,
    at,
  );
}
