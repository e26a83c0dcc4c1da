// Finds the test files that send a given field of an API: files that use the API and contain an object with a key of that
// name.

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { parseSync, Visitor } from "oxc-parser";

const TESTS = path.join(import.meta.dirname, "../test");

/** Files that send all fields, only wrong ones or none are not listed, because that would say nothing. */
const NOT_LISTED = /every-field|field-names|bad-(bodies|requests)|[-/]bodies/;

/** Text by which a file that uses an API is recognized: the path, the module, or the SDK's name for it. */
const API_PATTERNS: Readonly<Record<string, RegExp>> = {
  "/v1/chat/completions": /\/v1\/chat\/completions["`]|openai\/chat\.ts|chat\.completions\./,
  "/v1/completions": /\/v1\/completions|openai\/completions\.ts|client\.completions\./,
  "/v1/responses": /\/v1\/responses|responses\/responses\.ts|\.responses\./,
  "/v1/messages": /\/v1\/messages["`]|anthropic\/messages\.ts|\.messages\.(create|stream|parse)/,
  "/v1/messages/count_tokens": /count_tokens|countTokens/,
  "/v1beta/models/{model}:generateContent":
    /:(generate|streamGenerate)Content|models\.generateContent|gemini\/(generate|content)\.ts/,
  "/v1beta/models/{model}:countTokens":
    /:countTokens|models\.countTokens|gemini\/(count-tokens|content)\.ts/,
  "/v1/chat/completions/input_tokens": /input_tokens["`]/,
  "/apply-template": /\/apply-template/,
  "/infill": /\/infill|llama-cpp\/infill\.ts/,
  "/tokenize": /\/tokenize/,
  "/detokenize": /\/detokenize/,
  "/api/chat": /\/api\/chat["`]|ollama\/chat\.ts|client\.chat\(/,
  "/api/generate": /\/api\/generate["`]|ollama\/generate\.ts|client\.generate\(/,
  "/api/embed": /\/api\/embed["`]|ollama\/embed\.ts|client\.embed\(/,
  "/api/embeddings": /\/api\/embeddings["`]|client\.embeddings\(/,
  "/v1/embeddings": /\/v1\/embeddings|openai\/embeddings\.ts|embeddings\.create/,
  "/v1/rerank": /\/v1\/rerank|openai\/rerank\.ts/,
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
  const pattern = API_PATTERNS[apiPath];
  if (!pattern)
    throw new Error(`add a pattern for ${apiPath} to API_PATTERNS in scripts/sent-fields.ts`);
  return files
    .filter(({ text, keys }) => keys.has(key) && pattern.test(text))
    .map(({ name }) => name);
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
