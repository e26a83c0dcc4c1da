// References within a schema: JSON pointers (RFC 6901), anchors, and the identifiers of schemas in the document.
// https://json-schema.org/draft/2020-12/json-schema-core#section-8.2

import type { Json } from "../../generation/request.ts";
import { isSchema, KeywordError, MistakeError, type Schema } from "../schema-keywords.ts";

const OLD_DRAFTS = /draft-0[3-7]/;

export class References {
  readonly #document: Json;
  readonly #spend: (units: number) => void;
  /** Whether the schema is of draft 3 to 7. There, keywords beside a reference have no effect. */
  readonly isOldDraft: boolean;
  #index: ReadonlyMap<string, Json> | null = null;
  /** Number of schemas with a $dynamicAnchor, by its name. */
  readonly #dynamicAnchors = new Map<string, number>();

  /** @param spend takes units for each part of the document that is read */
  constructor(document: Json, spend: (units: number) => void) {
    this.#document = document;
    this.isOldDraft = isSchema(document) && OLD_DRAFTS.test(String(document.$schema));
    this.#spend = spend;
  }

  /** @throws KeywordError for a reference that leads out of the schema or to nothing */
  resolve(ref: string): Json {
    if (ref === "#" || ref === "") return this.#document;
    if (ref.startsWith("#/")) return found(valueAt(this.#document, ref.slice(1)), ref);
    const [uri = "", fragment = ""] = ref.split("#");
    const index = this.#index ?? this.#newIndex();
    this.#index = index;
    const anchor = index.get(ref);
    if (anchor !== undefined) return anchor;
    const holder = index.get(uri);
    if (holder === undefined || !(fragment === "" || fragment.startsWith("/")))
      throw new MistakeError(
        `${ref} is not in the schema; references to other documents are not followed`,
      );
    return found(valueAt(holder, fragment), ref);
  }

  /**
   * A `$dynamicRef`, whose target depends on the schemas that lead to it.
   * @throws KeywordError if several schemas have its anchor
   */
  resolveDynamic(ref: string): Json {
    const target = this.resolve(ref);
    const name = ref.split("#")[1] ?? "";
    if ((this.#dynamicAnchors.get(name) ?? 0) <= 1) return target;
    throw new KeywordError(`cannot be enforced: several schemas have the $dynamicAnchor ${name}`);
  }

  /** Schemas by identifier and anchor, as references write them. */
  #newIndex(): ReadonlyMap<string, Json> {
    const index = new Map<string, Json>();
    const open: Json[] = [this.#document];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      this.#spend(1);
      if (isSchema(next)) {
        for (const name of namesOf(next)) if (!index.has(name)) index.set(name, next);
        this.#noteDynamic(next.$dynamicAnchor);
      }
      if (typeof next === "object" && next !== null)
        for (const part of Object.values(next)) open.push(part);
    }
    return index;
  }

  #noteDynamic(name: Json | undefined): void {
    if (typeof name === "string")
      this.#dynamicAnchors.set(name, (this.#dynamicAnchors.get(name) ?? 0) + 1);
  }
}

/** References to a schema by its own keywords: its anchors, its identifier, and the last part of its identifier. */
function namesOf({ $id, id, $anchor, $dynamicAnchor }: Schema): readonly string[] {
  const anchors = [$anchor, $dynamicAnchor]
    .filter((name) => typeof name === "string")
    .map((name) => `#${name}`);
  const uris = [$id, id]
    .filter((uri) => typeof uri === "string")
    .map((uri) => (uri.startsWith("#") ? uri : uri.replace(/#$/, "")));
  return [...anchors, ...uris, ...uris.map((uri) => uri.replace(/^.*\//, ""))].filter(
    (name) => name !== "",
  );
}

function valueAt(document: Json, pointer: string): Json | undefined {
  let target: Json | undefined = document;
  for (const name of namesInPointer(pointer)) {
    const holder: object | null = isSchema(target) || Array.isArray(target) ? target : null;
    target = holder && Object.hasOwn(holder, name) ? (holder as Schema)[name] : undefined;
  }
  return target;
}

/** Escapes: section 6 of the RFC. */
function namesInPointer(pointer: string): readonly string[] {
  if (pointer === "") return [];
  try {
    const parts = pointer.slice(1).split("/").map(decodeURIComponent);
    return parts.map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  } catch {
    throw new MistakeError(`#${pointer} is not a valid JSON pointer: it has an invalid % escape`);
  }
}

function found(target: Json | undefined, ref: string): Json {
  if (target === undefined) throw new MistakeError(`${ref} does not exist`);
  return target;
}
