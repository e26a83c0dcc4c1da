// Requests whose parts are each small and allowed, but which are costly as a whole. The server must answer other requests
// meanwhile.

import fc from "fast-check";
import { COSTLY_BODIES } from "../../support/costly/costly-bodies.ts";
import { many, nested, object, properties } from "../../support/costly/costly-schemas.ts";
import type { HttpRequest } from "./hostile-requests.ts";

/** Plain data: equal recipes create equal requests. */
export type CostlyRecipe =
  | { readonly type: "known"; readonly index: number }
  | {
      readonly type: "schema";
      readonly part: keyof typeof PARTS;
      /** Total number of parts, and what each has many of. */
      readonly count: number;
      readonly size: number;
      readonly levels: number;
      readonly tools: number;
    };

/** Parts that a schema may have very many of; `n` makes each different, so that caching does not help. */
const PARTS = {
  "classes counted": (n: number, size: number) => text(`^[a-${"bcdefg".charAt(n % 6)}]{1,${size}}${n}$`),
  "open patterns": (n: number, size: number) => text(`[a-f0-9]{${1 + (size % 100)}}${n}`),
  alternatives: (n: number, size: number) => text(`^(${many(size % 90, (at) => `c${at}x${n}`).join("|")}z){1,99}$`),
  "optional characters": (n: number, size: number) => text(`^${"a?".repeat(size % 32)}${n}$`),
  enumerations: (n: number, size: number) => ({ enum: many(1 + size, (at) => `${n}-${at}`) }),
  lengths: (n: number, size: number) => ({ type: "string", minLength: n % 50, maxLength: 50 + size * 90 }),
  ranges: (n: number, size: number) => ({ type: "number", minimum: -(10 ** (size % 15)) - n, maximum: 10 ** (size % 15) + n }),
  "lists of lists": (n: number, size: number) => nested(1 + (size % 5), (items) => ({ type: "array", items, maxItems: 2 + n })),
  branches: (n: number, size: number) => ({ anyOf: many(1 + size, (at) => ({ const: n * 1_000 + at })) }),
  "branches told apart": (n: number, size: number) => ({ oneOf: many(1 + (size % 40), (at) => ({ ...properties(size % 40, () => ({ const: at + n })), required: many(size % 40, (of) => `p${of}`) })) }),
  references: (n: number) => ({ $ref: `#/$defs/d${(n * 7) % 50}` }),
  "what must be left out": (n: number, size: number) => ({ ...text(`(?=${n})`), minItems: size, multipleOf: 2 }),
}; // biome-ignore format: a table

/** Excludes Ollama, whose errors the oracle does not know, and embeddings, because thousands take the model too long. */
const LEFT_OUT = /^\/api\/|embeddings|rerank/;
const KNOWN = COSTLY_BODIES.filter(({ path }) => !LEFT_OUT.test(path));

const text = (pattern: string) => ({ type: "string", pattern });
const LONGEST = 4_000_000;

export function costlyRecipe(): fc.Arbitrary<CostlyRecipe> {
  const known = fc.record({
    type: fc.constant("known" as const),
    index: fc.nat(KNOWN.length - 1),
  });
  const schema = fc.record({
    type: fc.constant("schema" as const),
    part: fc.constantFrom(...(Object.keys(PARTS) as (keyof typeof PARTS)[])),
    count: fc.integer({ min: 1, max: 4_000 }),
    size: fc.integer({ min: 0, max: 400 }),
    levels: fc.integer({ min: 0, max: 25 }),
    tools: fc.constantFrom(0, 1, 128),
  });
  return fc.oneof(known, { arbitrary: schema, weight: 3 });
}

export function costlyRequestOf(recipe: CostlyRecipe): HttpRequest {
  const { target, body } = recipe.type === "known" ? knownOf(recipe.index) : madeOf(recipe);
  return {
    method: "POST",
    target,
    headers: { "content-type": "application/json" },
    body: Buffer.from(body),
  };
}

function knownOf(index: number) {
  const { path, make } = KNOWN[index] ?? { path: "/", make: () => null };
  return { target: path.replace("{model}", "builtin"), body: JSON.stringify(make()) };
}

function madeOf(recipe: Extract<CostlyRecipe, { readonly type: "schema" }>) {
  const { part, size, levels, tools } = recipe;
  // Fewer parts if they would exceed the body limit.
  const room = (tools > 0 ? 500_000 : LONGEST) / (60 + JSON.stringify(PARTS[part](0, size)).length);
  const count = Math.max(1, Math.min(recipe.count, Math.floor(room)));
  const schemaOf = (first: number, parts: number) => ({
    type: "object",
    properties: {
      a: nested(levels, (a) => ({ type: "object", properties: { a } }), properties(parts, (n) => PARTS[part](first + n, size))),
    },
    $defs: object(50, (n) => ({ type: "array", items: { $ref: `#/$defs/d${(n * 3 + 1) % 50}` } }), "d"),
  }); // biome-ignore format: one thing a line
  const messages = [{ role: "user", content: "Hi" }];
  const share = Math.ceil(count / Math.max(1, tools));
  const fields =
    tools === 0
      ? { json_schema: schemaOf(0, count) }
      : {
          tools: many(tools, (n) => ({
            type: "function",
            function: { name: `f${n}`, parameters: schemaOf(n * share, share) },
          })),
        };
  const body = JSON.stringify({ messages, max_tokens: 1, ...fields });
  return { target: "/v1/chat/completions", body };
}
