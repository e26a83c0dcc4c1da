// References within a schema: JSON pointers. https://www.rfc-editor.org/rfc/rfc6901

import type { Json } from "../generation/request.ts";
import { isSchema, KeywordError, type Schema } from "./schema-keywords.ts";

/** @throws KeywordError for a reference that points outside the schema or to nothing */
export function resolveReference(document: Json, ref: string): Json {
  if (ref === "#") return document;
  if (!ref.startsWith("#/"))
    throw refused(`${ref} is not supported; only references within the schema (#/...) are`);
  let target: Json | undefined = document;
  for (const name of pointerNames(ref)) {
    const holder: object | null = isSchema(target) || Array.isArray(target) ? target : null;
    target = holder && Object.hasOwn(holder, name) ? (holder as Schema)[name] : undefined;
  }
  if (target === undefined) throw refused(`${ref} does not exist`);
  return target;
}

/** Splits `#/a/b` into names. Escapes: section 6 of the RFC. */
function pointerNames(ref: string): readonly string[] {
  try {
    const parts = ref.slice(2).split("/").map(decodeURIComponent);
    return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  } catch {
    throw refused(`${ref} is not a valid JSON pointer: it has an invalid % escape`);
  }
}

function refused(reason: string): KeywordError {
  return new KeywordError("$ref", reason);
}
