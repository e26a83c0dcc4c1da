// Renders the OpenAPI document as a page: plain HTML, no scripts, no external resources. Pure.

import type {
  DocumentedAnswer,
  DocumentedOperation,
  OpenapiDocument,
} from "../../src/api/openapi/document.ts";
import type { JsonSchema } from "../../src/api/openapi/schemas.ts";
import { EXAMPLE_BASE } from "../../src/http/routes/docs-routes.ts";
import { type FieldRow, fieldRows } from "./fields.ts";

/** Content types of streamed answers. */
const STREAMS = ["text/event-stream", "application/x-ndjson"];

type Operation = {
  readonly method: string;
  readonly path: string;
  readonly operation: DocumentedOperation;
};
type Schemas = OpenapiDocument["components"]["schemas"];

export function renderPage(document: OpenapiDocument): string {
  const { info, tags, components } = document;
  const listed = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );
  const groups = tags.map((tag) => ({
    ...tag,
    listed: listed.filter(({ operation }) => operation.tags.includes(tag.name)),
  }));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${text(info.title)} API</title>
<link rel="stylesheet" href="/docs/style.css">
</head>
<body>
<nav aria-label="Paths">
<p><a href="#top">${text(info.title)} ${text(info.version)}</a></p>
${groups.map((group) => `<h2>${text(group.name)}</h2>\n<ul>\n${group.listed.map(renderLink).join("\n")}\n</ul>`).join("\n")}
</nav>
<main id="top">
<h1>${text(info.title)} API</h1>
${info.description
  .split("\n")
  .map((line) => `<p>${marked(line)}</p>`)
  .join("\n")}
<p>For programs: <a href="/openapi.json">openapi.json</a>. With <code>--api-key</code>, send
<code>Authorization: Bearer KEY</code> or <code>x-api-key: KEY</code>.</p>
${groups
  .map(
    (group) =>
      `<h2>${text(group.name)}</h2>\n<p>${marked(group.description)}</p>\n${group.listed.map((each) => renderOperation(each, components.schemas)).join("\n")}`,
  )
  .join("\n")}
</main>
</body>
</html>
`;
}

function renderLink({ method, path, operation }: Operation): string {
  return `<li><a href="#${text(operation.operationId)}">${methodMark(method)} <code>${text(path)}</code></a></li>`;
}

function renderOperation({ method, path, operation }: Operation, schemas: Schemas): string {
  const { operationId, summary, requestBody, responses, parameters, security } = operation;
  const id = text(operationId);
  const body = requestBody?.content["application/json"];
  const isStreaming = STREAMS.some((type) => responses[200]?.content?.[type] !== undefined);
  const own = parameters.flatMap((each) => ("name" in each ? [each] : []));
  return `<section id="${id}">
<h3><a href="#${id}">${methodMark(method)} <code>${text(path)}</code></a></h3>
<p>${marked(summary)}.${security ? " No key is needed." : ""}</p>
<pre><code>${text(curl({ method, path, body: body?.example, isStreaming }))}</code></pre>
${
  own.length === 0
    ? ""
    : table(
        ["parameter", ""],
        own.map(({ name, description }) => [code(name), marked(description)]),
      )
}
${body ? fieldTable("Body", usableFields(body.schema, schemas)) : ""}
${table(
  ["status", "answer"],
  Object.entries(responses).map(([status, answer]) => [code(status), renderAnswer(answer)]),
)}
${Object.entries(responses[200]?.content ?? {})
  .map(([type, { schema }]) => renderContent(type, schema, schemas))
  .join("\n")}
</section>`;
}

function renderAnswer({ description, content = {} }: DocumentedAnswer): string {
  const types = Object.keys(content).map(code).join(" or ");
  return `${marked(description)} ${types}`;
}

/** Collapsed, because there may be many fields. */
function renderContent(type: string, schema: JsonSchema, schemas: Schemas): string {
  const rows = fieldRows(schema, schemas);
  if (rows.length === 0) return "";
  const summary = STREAMS.includes(type) ? "Data of the events" : "Fields of the answer";
  const words =
    typeof schema.description === "string" ? `<p>${marked(schema.description)}</p>` : "";
  const body = rows.map((row) => [pathCode(row.path), typeWords(row)]);
  return `<details><summary>${summary}</summary>\n${words}\n${table(["field", "type"], body)}</details>`;
}

function fieldTable(caption: string, rows: readonly FieldRow[]): string {
  const cells = requiredFirst(rows).map((row) => [
    `${pathCode(row.path)}${row.isRequired ? ' <span class="required">required</span>' : ""}`,
    typeWords(row),
    row.fallback === null ? "" : `<span class="label">default </span>${code(row.fallback)}`,
    `${marked(row.description)}${row.hasEffect ? "" : " <em>Without effect.</em>"}`,
  ]);
  return `<h4>${caption}</h4>\n${table(["field", "allowed", "default", ""], cells)}`;
}

/** Omits fields that may only be null. */
function usableFields(schema: JsonSchema, schemas: Schemas): readonly FieldRow[] {
  return fieldRows(schema, schemas).filter(({ allowed }) => allowed !== "");
}

/** Puts required fields and the fields inside them first. */
function requiredFirst(rows: readonly FieldRow[]): readonly FieldRow[] {
  const required = rows.filter(({ isRequired }) => isRequired).map(({ path }) => path);
  const isFirst = ({ path }: FieldRow) => required.includes(path.split(/[.[]/, 1)[0] ?? "");
  return [...rows.filter(isFirst), ...rows.filter((row) => !isFirst(row))];
}

function typeWords({ allowed }: FieldRow): string {
  return text(allowed);
}

/** @param rows cells in HTML */
function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const head = heads.map((each) => `<th scope="col">${each}</th>`).join("");
  const body = rows.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`);
  return `<div class="table"><table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${body.join("\n")}\n</tbody>\n</table></div>`;
}

type CurlOptions = {
  readonly method: string;
  readonly path: string;
  readonly body: unknown;
  readonly isStreaming: boolean;
};

/** A buffered call, and a streamed one if the path can stream. */
function curl({ method, path, body, isStreaming }: CurlOptions): string {
  const id = path.startsWith("/v1/models") ? "builtin" : "resp_123";
  const url = `${EXAMPLE_BASE}${path.replace("{id}", id)}`;
  if (method === "get") return `curl ${url}${isStreaming ? `\ncurl -N '${url}?stream=true'` : ""}`;
  if (body === undefined) return `curl -X ${method.toUpperCase()} ${url}`;
  const call = (flag: string, sent: unknown) =>
    `curl${flag} ${url} -H 'content-type: application/json' -d '${JSON.stringify(sent).replaceAll("'", "'\\''")}'`;
  const buffered = call("", body);
  return isStreaming ? `${buffered}\n${call(" -N", { ...Object(body), stream: true })}` : buffered;
}

function methodMark(method: string): string {
  return `<span class="method ${text(method)}">${text(method.toUpperCase())}</span>`;
}

function code(words: string): string {
  return `<code>${text(words)}</code>`;
}

/** A path that may wrap after its dots. */
function pathCode(path: string): string {
  return code(path).replaceAll(".", ".<wbr>");
}

/** HTML of a text with code in backticks. */
function marked(words: string): string {
  return text(words).replace(/`([^`]*)`/g, "<code>$1</code>");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function text(words: string): string {
  return words.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
