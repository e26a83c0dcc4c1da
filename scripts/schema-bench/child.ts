// A child process of `npm run schema-bench`: gets one line of a set at a time and answers with the verdict. pool.ts starts it.

import { getLlama, LlamaGrammar, LlamaLogLevel } from "node-llama-cpp";
import { schemaRules } from "../../src/grammar/json-schema.ts";
import { grammarMatches } from "../../src/worker/library-internals.ts";
import { CLOSED, judge } from "./judge.ts";
import type { SchemaCase } from "./sets.ts";

/** Times that the compiler runs before the first measurement, so that V8 has optimized its usual paths. */
const WARM_UPS = 100;
const WARM_UP_SCHEMA = {
  type: "object",
  properties: {
    name: { type: "string", minLength: 1, maxLength: 40 },
    code: { type: "string", pattern: "^[A-Z]{2}-[0-9]{1,5}$" },
    created: { type: "string", format: "date-time" },
    count: { type: "integer", minimum: 3, maximum: 1200 },
    share: { type: "number", minimum: 0 },
    kind: { enum: ["a", "b", null] },
    tags: { type: "array", items: { type: "string" }, minItems: 1, maxItems: 5 },
    next: { anyOf: [{ $ref: "#/$defs/node" }, { type: "null" }] },
  },
  required: ["name", "count"],
  additionalProperties: false,
  $defs: { node: { type: "object", properties: { id: { type: "integer" } }, required: ["id"] } },
};

const llama = await getLlama({
  gpu: false,
  build: "never",
  logLevel: LlamaLogLevel.disabled, // the reason why a grammar is refused goes to stderr without the log
  progressLogs: false,
});
for (let count = 0; count < WARM_UPS; count++) schemaRules(WARM_UP_SCHEMA).toString();

process.on("message", (line: string) => {
  const schemaCase = JSON.parse(line) as SchemaCase; // sets.ts has checked it
  process.send?.(judge(schemaCase, loadGrammar, !process.argv.includes(CLOSED)));
});
process.on("disconnect", () => process.exit());
process.send?.("ready");

function loadGrammar(text: string): (json: string) => boolean {
  const grammar = new LlamaGrammar(llama, { grammar: text });
  return (json) => grammarMatches(grammar, json);
}
