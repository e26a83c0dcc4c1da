// Generates docs/conformance.md: all parameters of every API, their support and the tests that send them, and the tests with
// the SDKs. The sources are the schemas, the tables of refused fields, and the tests.

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type Argument, parseSync, Visitor } from "oxc-parser";
import { openapiDocument } from "../src/api/openapi/document.ts";
import type { Contract } from "../src/api/shared/contract.ts";
import { replacementFor } from "../src/api/shared/parse-body.ts";
import { DIALECTS, EMBEDDING_APIS, ENDPOINTS } from "../src/api/wire-formats.ts";
import { type FieldRow, fieldRows } from "./field-rows.ts";
import { testsThatSend } from "./sent-fields.ts";

const COMPAT = path.join(import.meta.dirname, "../test/compat");
/** Number of tests to list per field; listing more would change the file with every test. */
const MOST_TESTS = 2;

const { schemas } = openapiDocument("0").components;

type Api = { readonly path: string; readonly contract: Contract };

export const APIS: readonly Api[] = [
  ...DIALECTS,
  ...ENDPOINTS,
  ...EMBEDDING_APIS.map(({ paths, contract }) => ({ path: paths[0], contract })),
];

/** APIs without those that take the same body as an earlier one. */
export const OWN_APIS = APIS.filter((api, index) => APIS.findIndex(like(api)) === index);

/** Returns a predicate for APIs that take the same fields. */
function like(api: Api): (other: Api) => boolean {
  const fields = JSON.stringify(rowsOf(api).map(({ path: field }) => field));
  return (other) => JSON.stringify(rowsOf(other).map(({ path: field }) => field)) === fields;
}

export function rowsOf({ contract: { body } }: Api): readonly FieldRow[] {
  // APIs that share a schema use the name of the first one.
  const first = APIS.find((api) => api.contract.body === body);
  return fieldRows(schemas[`${first?.contract.name}Request`] ?? {});
}

export function conformance(): string {
  return `# Conformance

Every parameter of every API, and what happens to it. \`npm run docs\` makes this page from the schemas that check the
requests and from the tests. For the answers and the errors see \`GET /openapi.json\`, or \`GET /docs\` in a browser.

## The rule

Programs send parameters whatever the server and its model can do, and their users often cannot switch them off. So a
parameter is treated by what its absence would do to the answer:

- A **promise** is kept or refused. Without a schema, a forced tool, an image or \`n\`, the answer would be wrong, and the client
  would not notice. If Sluice cannot keep the promise, it answers 400 and names the parameter.
- A **wish** is granted or left out. Without reasoning, effort, verbosity, a larger context, a hosted tool on offer, a sampler,
  a cache or a service tier, the answer is still an answer. A wish that the server or its model cannot grant is named in
  the response header \`x-ignored-params\`, and so is every unknown parameter.
- **Other names** of a parameter are taken: \`repetition_penalty\` is \`repeat_penalty\`, and \`enable_thinking\`, \`think\`,
  \`thinking\` and \`reasoning\` all set the effort. If two of them contradict each other, the more specific one counts, and the
  other is named.

\`--strict\` refuses wishes that are not granted, and unknown parameters. In each table, "left out and named" lists the wishes
that are never granted; whether reasoning is granted depends on the model. Null and empty lists and objects always count as
absent. Parameters **accepted without effect** change no answer and are not named. Apart from the API keys, no header of
OpenAI, Anthropic or Google (\`openai-organization\`, \`anthropic-beta\`, \`x-goog-api-client\`) changes an answer.
Images, audio and binary files in a user's message are refused (\`unsupported_content\`).

## Contents

${OWN_APIS.map((api) => `- [\`POST ${api.path}\`](#${anchorOf(api.path)})`).join("\n")}
- [Tests with the SDKs](#tests-with-the-sdks)

${OWN_APIS.map(section).join("\n")}
## Tests with the SDKs

Each line is a test that runs against the server with the published SDK.

${readdirSync(COMPAT).sort().map(features).join("\n")}`;
}

function anchorOf(apiPath: string): string {
  return `post-${apiPath.replaceAll(/[^\w-]/g, "").toLowerCase()}`;
}

function section(api: Api): string {
  const { path: apiPath, contract } = api;
  const rows = rowsOf(api);
  const others = APIS.filter((other) => other !== api && like(api)(other)).map((other) => {
    const optional = rows.filter(
      (row, index) => row.isRequired && !rowsOf(other)[index]?.isRequired,
    );
    const free = optional.map((row) => ` (\`${row.path}\` is optional)`).join("");
    return `- \`POST ${other.path}\` takes the same body${free}.\n`;
  });
  return `## POST ${apiPath}

${others.join("")}${others.length > 0 ? "\n" : ""}| supported | allowed | default | | sent in |
| --- | --- | --- | --- | --- |
${rows
  .filter(({ hasEffect, allowed }) => hasEffect && allowed !== "")
  .map((row) => supportedRow(row, apiPath))
  .join("\n")}

${withoutEffect(rows)}
${refused(contract, rows)}`;
}

function supportedRow(
  { path: field, allowed, fallback, isRequired, description }: FieldRow,
  apiPath: string,
) {
  const tests = testsThatSend(field, apiPath).map(
    (name) => `\`${name.replace(/\.test\.ts$/, "")}\``,
  );
  const shown = tests.slice(0, MOST_TESTS).join(", ") + (tests.length > MOST_TESTS ? ", ..." : "");
  const standard = isRequired ? "required" : fallback === null ? "" : `\`${fallback}\``;
  return tableRow([`\`${field}\``, allowed, standard, description, shown]);
}

function withoutEffect(rows: readonly FieldRow[]): string {
  const silent = rows
    .filter(({ hasEffect }) => !hasEffect)
    .map((row) => tableRow([`\`${row.path}\``, row.allowed, row.description]));
  return `| accepted without effect | allowed | |\n| --- | --- | --- |\n${silent.join("\n")}\n`;
}

function refused(
  { body, unsupported, replacements, wishes = {}, sameAs = {} }: Contract,
  rows: readonly FieldRow[],
): string {
  const onlyNull = rows.filter(({ allowed }) => allowed === "").map(({ path: field }) => field);
  const given = [
    ...Object.entries(unsupported),
    ...onlyNull.map((field) => [field, []] as const),
  ].map(([field, harmless]) =>
    tableRow([`\`${field}\``, valuesOf(harmless), replacementFor(field, body, replacements) ?? ""]),
  );
  const left = Object.entries(wishes).map(([field, harmless]) =>
    tableRow([`\`${field}\``, valuesOf(harmless)]),
  );
  const others = Object.entries(sameAs).map(([other, field]) => `\`${other}\` is \`${field}\``);
  return [
    ...(given.length > 0
      ? [`| refused | except | use instead |\n| --- | --- | --- |\n${given.join("\n")}\n`]
      : []),
    ...(left.length > 0
      ? [`| left out and named | except |\n| --- | --- |\n${left.join("\n")}\n`]
      : []),
    ...(others.length > 0 ? [`Other names: ${others.join(", ")}.\n`] : []),
  ].join("\n");
}

function valuesOf(harmless: readonly unknown[]): string {
  return harmless.map((value) => `\`${JSON.stringify(value)}\``).join(", ");
}

function tableRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** Lists the titles of a file's tests. */
function features(name: string): string {
  const text = readFileSync(path.join(COMPAT, name), "utf8");
  const titles = name.endsWith(".py") ? pythonTitles(text) : titlesOf(name, text);
  return `### test/compat/${name}\n\n${titles.map((title) => `- ${title}`).join("\n")}\n`;
}

/** In Python files, checks are functions with a decorator. */
function pythonTitles(text: string): readonly string[] {
  return [...text.matchAll(/@check.*\ndef (\w+)/g)].map(([, title = ""]) =>
    title.replaceAll("_", " "),
  );
}

/** Titles of `test("...")` and `test.each(...)("...")`, prefixed with their group. */
function titlesOf(name: string, text: string): readonly string[] {
  const titles: string[] = [];
  const groups: string[] = [];
  new Visitor({
    CallExpression({ callee, arguments: given }) {
      const called = text.slice(callee.start, callee.end);
      if (/^describe\b/.test(called)) groups.push(titleIn(given));
      const title = /^test\b/.test(called) ? titleIn(given) : "";
      if (title !== "") titles.push([...groups, title].join(": "));
    },
    "CallExpression:exit"({ callee }) {
      if (/^describe\b/.test(text.slice(callee.start, callee.end))) groups.pop();
    },
  }).visit(parseSync(name, text).program);
  return titles;
}

function titleIn([first]: readonly Argument[]): string {
  return first?.type === "Literal" ? String(first.value) : "";
}
