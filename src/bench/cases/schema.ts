// Measures the cost of a JSON schema for each generated token: the same request with and without one, in turn.

import type { ServerCase, Target, UrlOptions } from "../case.ts";
import { randomPrompt } from "../clients/prompts.ts";
import { allComplete, type StreamResult, streamChat } from "../clients/stream-client.ts";
import { median } from "../stats.ts";

const PAIRS = 6;
const SUBJECTS = [
  "order",
  "customer",
  "address",
  "payment",
  "delivery",
  "product",
  "invoice",
  "contact",
];
/** The properties of each subject. Limits keep an answer from ending in one endless string. */
const PROPERTIES = {
  name: { type: "string", minLength: 1, maxLength: 24 },
  count: { type: "integer", minimum: 0, maximum: 5000 },
  status: { enum: ["open", "waiting", "shipped", "cancelled", "refunded"] },
  active: { type: "boolean" },
  note: { type: "string", maxLength: 40 },
};
/** 40 properties, 8 of them optional. */
const SCHEMA = schemaOf(SUBJECTS);

export const schema: ServerCase<UrlOptions> = {
  name: "schema",
  help: `${PAIRS} answers with a JSON schema of ${Object.keys(SCHEMA.properties).length} properties and as many without, alternating, one at a time: ms per token after the first one, their ratio, and TTFT, which includes compiling the schema. --tokens 700 reaches most of the properties; the built-in model shows the cost best, because its own tokens cost least. Speculation may speed up either answer`,

  async run(target, options) {
    const plain: StreamResult[] = [];
    const constrained: StreamResult[] = [];
    for (let pair = 0; pair < PAIRS; pair++) {
      plain.push(...(await answer(target, options)));
      constrained.push(...(await answer(target, options, SCHEMA)));
    }
    const [plainMs, constrainedMs] = [tokenMs(plain), tokenMs(constrained)];
    return {
      "without schema ms/token": plainMs,
      "with schema ms/token": constrainedMs,
      "with / without": constrainedMs / plainMs,
      "without schema TTFT p50 ms": median(plain.map(({ ttftMs }) => ttftMs)),
      "with schema TTFT p50 ms": median(constrained.map(({ ttftMs }) => ttftMs)),
      "with schema tokens p50": median(constrained.map(({ tokens }) => tokens)),
    };
  },
};

function answer(
  { url, model, apiKey }: Target,
  { promptWords, tokens }: UrlOptions,
  jsonSchema?: object,
): Promise<readonly StreamResult[]> {
  const messages = [{ role: "user", content: randomPrompt(promptWords) }];
  const chat = { url, model, apiKey, messages, tokens };
  return allComplete([streamChat(jsonSchema ? { ...chat, jsonSchema } : chat)]);
}

/** The median of the answers' times for each token after the first one. */
function tokenMs(results: readonly StreamResult[]): number {
  return median(results.map(({ ttftMs, totalMs, tokens }) => (totalMs - ttftMs) / (tokens - 1)));
}

function schemaOf(subjects: readonly string[]) {
  const properties = subjects.flatMap((subject) =>
    Object.entries(PROPERTIES).map(([name, value]) => [`${subject}_${name}`, value] as const),
  );
  return {
    type: "object",
    properties: Object.fromEntries(properties),
    required: properties.map(([name]) => name).filter((name) => !name.endsWith("_note")),
    additionalProperties: false,
  };
}
