// Finds the test files that send a given field of an API: files that use the API and contain an object with a key of that
// name.

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseSync, Visitor } from "oxc-parser";

const TESTS = path.join(import.meta.dirname, "../test");

/** Files that send all fields, only wrong ones or none are not listed, because that would say nothing. */
const NOT_LISTED = /every-field|field-names|bad-(bodies|requests)|[-/]bodies/;

/** How the SDKs and the unit tests name an API. All other files that use it contain its path. */
const OTHER_NAMES: Readonly<Record<string, RegExp>> = {
  "/v1/chat/completions": /openai\/chat\.ts|chat\.completions\./,
  "/v1/completions": /openai\/completions\.ts|client\.completions\./,
  "/v1/responses": /responses\/responses\.ts|\.responses\./,
  "/v1/messages": /anthropic\/(messages|blocks)\.ts|\.messages\.(create|stream|parse)/,
  "/v1/messages/count_tokens": /count_tokens|countTokens/,
  "/v1beta/models/{model}:generateContent":
    /:streamGenerateContent|models\.generateContent|gemini\/(generate|content)\.ts/,
  "/v1beta/models/{model}:countTokens": /models\.countTokens|gemini\/(count-tokens|content)\.ts/,
  "/completion": /llama-cpp\/completion\.ts/,
  "/infill": /llama-cpp\/infill\.ts/,
  "/api/chat": /ollama\/chat\.ts|client\.chat\(/,
  "/api/generate": /ollama\/generate\.ts|client\.generate\(/,
  "/api/embed": /ollama\/embed\.ts|client\.embed\(/,
  "/api/embeddings": /client\.embeddings\(/,
  "/v1/embeddings": /openai\/embeddings\.ts|embeddings\.create/,
  "/v1/rerank": /openai\/rerank\.ts/,
};

/** @param name e.g. `service/queue.test.ts` */
type TestFile = {
  readonly name: string;
  readonly text: string;
  readonly keys: ReadonlySet<string>;
};

const files: readonly TestFile[] = readdirSync(TESTS, { recursive: true, encoding: "utf8" })
  .map((name) => name.replaceAll(path.sep, "/"))
  .filter((name) => /\.(test\.ts|py)$/.test(name) && !NOT_LISTED.test(name))
  .sort()
  .map((name) => {
    const text = readFileSync(path.join(TESTS, name), "utf8");
    return { name, text, keys: name.endsWith(".py") ? pythonKeys(text) : keysOf(name, text) };
  });

/** @param field path of the field; only its last name is searched. @returns names of files in test/ */
export function testsThatSend(field: string, apiPath: string): readonly string[] {
  const key = field.slice(field.lastIndexOf(".") + 1).replaceAll("[]", "");
  return files
    .filter(({ text, keys }) => keys.has(key) && uses(text, apiPath))
    .map(({ name }) => name);
}

/** Whether a text names an API: with its path, without the model before a method, or otherwise. */
function uses(text: string, apiPath: string): boolean {
  const place = apiPath.replace(/^.*\}/, "");
  const isNamed = ['"', "`", "?"].some((end) => text.includes(place + end));
  return isNamed || (OTHER_NAMES[apiPath]?.test(text) ?? false);
}

function keysOf(name: string, text: string): ReadonlySet<string> {
  const keys = new Set<string>();
  new Visitor({
    Property({ key }) {
      if (key.type === "Identifier") keys.add(key.name);
      if (key.type === "Literal") keys.add(String(key.value));
    },
  }).visit(parseSync(name, text).program);
  return keys;
}

function pythonKeys(text: string): ReadonlySet<string> {
  const found = text.matchAll(/"(\w+)":|\b(\w+)=/g);
  return new Set([...found].map(([, member, argument]) => member ?? argument ?? ""));
}
