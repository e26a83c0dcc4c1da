// References within a schema: JSON pointers. https://www.rfc-editor.org/rfc/rfc6901

import { isSchema, type Json, type Schema, SchemaError } from "./schema-keywords.ts";

/**
 * @param path of the reference itself
 * @throws SchemaError for a reference that leads out of the schema, or nowhere
 */
export function referred(document: Json, ref: string, path: string): Json {
  if (ref === "#") return document;
  if (!ref.startsWith("#/")) throw new SchemaError(path, `${ref} is not within the schema (#/...)`);
  let at: Json | undefined = document;
  for (const name of pointerNames(ref, path)) {
    const holder: object | null = isSchema(at) || Array.isArray(at) ? at : null;
    at = holder && Object.hasOwn(holder, name) ? (holder as Schema)[name] : undefined;
  }
  if (at === undefined) throw new SchemaError(path, `${ref} does not exist`);
  return at;
}

/** Of `#/a/b`. Escapes: section 6 */
function pointerNames(ref: string, path: string): readonly string[] {
  try {
    const parts = ref.slice(2).split("/").map(decodeURIComponent);
    return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  } catch {
    throw new SchemaError(
      path,
      `${ref} is not a JSON pointer: it has a % that begins no character`,
    );
  }
}
