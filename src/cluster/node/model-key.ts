// Identifies a model across nodes: the key that announcements and requests have for it.

import { createHash } from "node:crypto";
import type { ModelFingerprint } from "../../journal/model-fingerprints.ts";
import type { AnnouncedModel } from "../messages.ts";

const KEY_CHARACTERS = 32;

/**
 * Equal for nodes that serve the same file under the same first name for the same purpose. The file is known by its size and by
 * a hash of its first MiB, which holds the header with all metadata: to hash all of a file of many gigabytes would delay the
 * start by a minute. Two files that differ in their weights alone, with equal sizes and metadata, have the same key: give such
 * models different names.
 */
export function modelKeyOf(
  { bytes, sha256OfFirstMiB }: Pick<ModelFingerprint, "bytes" | "sha256OfFirstMiB">,
  { kind, name }: { readonly kind: AnnouncedModel["kind"]; readonly name: string },
): string {
  const facts = JSON.stringify([sha256OfFirstMiB, bytes, kind, name]);
  return createHash("sha256").update(facts).digest("hex").slice(0, KEY_CHARACTERS);
}
