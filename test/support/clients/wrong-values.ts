// Values that most fields refuse, and bodies that have one of them.

import type { Contract } from "../../../src/api/shared/contract.ts";

const DEEP_LISTS = `${"[".repeat(10_000)}${"]".repeat(10_000)}`;
const DEEP_OBJECTS = `${'{"a":'.repeat(5_000)}1${"}".repeat(5_000)}`;

/** JSON that no schema accepts in every field, and JSON that attackers send. */
export const WRONG_VALUES: readonly string[] = [
  ...['"x"', '"\\ud800"', "1e308", "-1e308", "1e999", "0.5", "true", "[null]", "[[[]]]"],
  ...['{"a":{"b":[1]}}', '{"__proto__":{"polluted":true}}', '{"constructor":1}'],
  ...[DEEP_LISTS, DEEP_OBJECTS],
];

/** Fields of the second form of a rerank request, with `texts` instead of `documents`. */
const FIELDS_OF_TEXTS = ["raw_scores", "return_text", "truncate", "truncation_direction"];

type Api = { readonly path: string; readonly contract: Contract };

/** The API's example with one field of raw JSON. The field may be inside another one: `options.mirostat`. */
export function jsonWithField({ path, contract }: Api, field: string, json: string): string {
  const isOfTexts = path === "/v1/rerank" && FIELDS_OF_TEXTS.includes(field);
  const around = isOfTexts ? { query: "q", texts: ["a"] } : contract.example;
  const [outer = "", ...inner] = field.split(".");
  const { [outer]: _, ...example } = { ...around } as Record<string, unknown>;
  const rest = JSON.stringify(example).slice(1);
  const value = inner.reduceRight((held, name) => `{${JSON.stringify(name)}:${held}}`, json);
  return `{${JSON.stringify(outer)}:${value}${rest === "}" ? "" : ","}${rest}`;
}
