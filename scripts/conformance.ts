// docs/conformance.md: for every API each parameter, with what becomes of it and which tests send it; and what the SDKs'
// tests show. Made of the schemas, of the tables of refused fields, and of the tests.

import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type Argument, parseSync, Visitor } from "oxc-parser";
import { openapiDocument } from "../src/api/openapi/document.ts";
import type { Contract } from "../src/api/shared/contract.ts";
import { replacementFor } from "../src/api/shared/parse-body.ts";
import { DIALECTS, EMBEDDING_APIS, ENDPOINTS } from "../src/api/wire-formats.ts";
import { type FieldRow, fieldRows } from "../src/http/docs-page/fields.ts";
import { testsThatSend } from "./sent-fields.ts";

const COMPAT = path.join(import.meta.dirname, "../test/compat");
/** Of the tests that send a field so many are named: more would change with every test. */
const MOST_TESTS = 2;

const { schemas } = openapiDocument("0").components;

type Api = { readonly path: string; readonly contract: Contract };

export const APIS: readonly Api[] = [
  ...DIALECTS,
  ...ENDPOINTS,
  ...EMBEDDING_APIS.map(({ paths, contract }) => ({ path: paths[0], contract })),
];

/** Those whose bodies have no others' fields. */
export const OWN_APIS = APIS.filter((api, index) => APIS.findIndex(like(api)) === index);

/** Whether another API takes the same fields. */
function like(api: Api): (other: Api) => boolean {
  const fields = JSON.stringify(rowsOf(api).map(({ path: field }) => field));
  return (other) => JSON.stringify(rowsOf(other).map(({ path: field }) => field)) === fields;
}

export function rowsOf({ contract: { body } }: Api): readonly FieldRow[] {
  // Several APIs may share one schema: it has the name of the first.
  const first = APIS.find((api) => api.contract.body === body);
  return fieldRows(schemas[`${first?.contract.name}Request`] ?? {});
}

export function conformance(): string {
  return `# Conformance

Every parameter of every API, and what becomes of it here. Made by \`npm run docs\` from the schemas that check the requests, and
from the tests: not written by hand. What an answer has, and all errors: \`GET /openapi.json\`, or \`GET /docs\` to read.

A parameter is either **supported**, **accepted without effect** (it changes no answer), or **refused** with 400 and its name. Null,
and empty lists and objects, are always taken for absent. All others, those that nobody knows, are named in the response header
\`x-ignored-params\`, or refused under \`--strict\`. No header of OpenAI's, Anthropic's or Google's (\`openai-organization\`, \`anthropic-version\`,
\`anthropic-beta\`, \`x-goog-api-client\`) has an effect, but for their keys. Images, sound and files in a conversation are refused (\`unsupported_content\`), and tools that are no
functions of the client.

${OWN_APIS.map((api) => `- [\`POST ${api.path}\`](#${anchorOf(api.path)})`).join("\n")}
- [What the SDKs' tests show](#what-the-sdks-tests-show)

${OWN_APIS.map(section).join("\n")}
## What the SDKs' tests show

Each line is a test that runs against the server with the SDK as it is published.

${readdirSync(COMPAT).sort().map(features).join("\n")}`;
}

function anchorOf(apiPath: string): string {
  return `post-${apiPath.replaceAll(/[^\w-]/g, "")}`;
}

function section(api: Api): string {
  const { path: apiPath, contract } = api;
  const rows = rowsOf(api);
  const others = APIS.filter((other) => other !== api && like(api)(other)).map((other) => {
    const optional = rows.filter(
      (row, index) => row.isRequired && !rowsOf(other)[index]?.isRequired,
    );
    const free = optional.map((row) => ` (\`${row.path}\` may be left out)`).join("");
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
  { body, unsupported, replacements, ignored = [] }: Contract,
  rows: readonly FieldRow[],
): string {
  const onlyNull = rows.filter(({ allowed }) => allowed === "").map(({ path: field }) => field);
  const given = [
    ...Object.entries(unsupported),
    ...onlyNull.map((field) => [field, []] as const),
  ].map(([field, harmless]) =>
    tableRow([
      `\`${field}\``,
      harmless.map((value) => `\`${JSON.stringify(value)}\``).join(", "),
      replacementFor(field, body, replacements) ?? "",
    ]),
  );
  const told = ignored.map((field) => `\`${field}\``).join(", ");
  return [
    ...(given.length > 0
      ? [`| refused | but for | instead |\n| --- | --- | --- |\n${given.join("\n")}\n`]
      : []),
    ...(told === "" ? [] : [`Known to do nothing, and named in \`x-ignored-params\`: ${told}.\n`]),
  ].join("\n");
}

function tableRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** The titles of a file's tests. */
function features(name: string): string {
  const text = readFileSync(path.join(COMPAT, name), "utf8");
  const titles = name.endsWith(".py") ? pythonTitles(text) : titlesOf(name, text);
  return `### test/compat/${name}\n\n${titles.map((title) => `- ${title}`).join("\n")}\n`;
}

/** Checks are functions, marked as such. */
function pythonTitles(text: string): readonly string[] {
  return [...text.matchAll(/@check.*\ndef (\w+)/g)].map(([, title = ""]) =>
    title.replaceAll("_", " "),
  );
}

/** Of `test("...")` and `test.each(...)("...")`, behind the group that they are in. */
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
