// Writes a request as runnable code for "Show request". The code sends exactly the given body.

import { INDENT, literal, quoted } from "./code-literal.ts";

/** Any request body of the API. */
export type CodeBody = { readonly [name: string]: unknown };
export type CodeOptions = {
  /** Whether the server requires a key. The code reads it from `SLUICE_API_KEY`. */
  readonly hasKey: boolean;
};

/** Fields that OpenAI's packages accept by name. The code passes all others as extra fields. */
const SDK_FIELDS = new Set(
  [
    "model messages stream stream_options max_tokens max_completion_tokens temperature top_p",
    "seed stop n presence_penalty frequency_penalty logit_bias logprobs top_logprobs",
    "response_format tools tool_choice parallel_tool_calls reasoning_effort service_tier",
    "user metadata store",
  ].flatMap((names) => names.split(" ")),
);

/** @param url full URL, such as `http://127.0.0.1:8080/v1/chat/completions` */
export function asCurl(url: string, body: CodeBody, { hasKey }: CodeOptions): string {
  const sent = plain(body);
  const lines = [
    `curl ${sent.stream === true ? "-N " : ""}${shellQuoted(url)}`,
    "-H 'content-type: application/json'",
    ...(hasKey ? ['-H "authorization: Bearer $SLUICE_API_KEY"'] : []),
    `-d ${shellQuoted(literal(sent, { language: "json" }))}`,
  ];
  return `${lines.join(" \\\n  ")}\n`;
}

/** An ES module for Node that uses the `openai` package. */
export function asJavaScript(url: string, body: CodeBody, { hasKey }: CodeOptions): string {
  const sent = plain(body);
  const [known, others] = bySdk(sent);
  const members = known.map(([name, value]) => member(`${name}: `, value, "javascript"));
  if (others.length > 0)
    members.push(`  ${NOT_IN_SDK("//")}`, member("...", Object.fromEntries(others), "javascript"));
  const isStream = sent.stream === true;
  return `// npm install openai; save as request.mjs
import OpenAI from "openai";

const client = new OpenAI({
  baseURL: ${quoted(baseOf(url))},
  apiKey: ${hasKey ? "process.env.SLUICE_API_KEY," : '"none", // the package requires a value'}
});

const ${isStream ? "stream" : "completion"} = await client.chat.completions.create({
${members.join("\n")}
});
${isStream ? READ_JAVASCRIPT_STREAM : "console.log(completion.choices[0].message);"}
`;
}

/** A Python script that uses the `openai` package. */
export function asPython(url: string, body: CodeBody, { hasKey }: CodeOptions): string {
  const sent = plain(body);
  const [known, others] = bySdk(sent);
  const members = known.map(([name, value]) => member(`${name}=`, value, "python"));
  // The package requires a model; None selects the server's.
  if (!("model" in sent)) members.unshift(member("model=", null, "python"));
  if (others.length > 0)
    members.push(
      `    ${NOT_IN_SDK("#")}`,
      member("extra_body=", Object.fromEntries(others), "python"),
    );
  const isStream = sent.stream === true;
  return `# pip install openai
${hasKey ? "import os\n\n" : ""}from openai import OpenAI

client = OpenAI(
    base_url=${quoted(baseOf(url))},
    api_key=${hasKey ? 'os.environ["SLUICE_API_KEY"]' : '"none"'},${hasKey ? "" : "  # the package requires a value"}
)

${isStream ? "stream" : "completion"} = client.chat.completions.create(
${members.join("\n")}
)
${isStream ? READ_PYTHON_STREAM : "print(completion.choices[0].message)"}
`;
}

const NOT_IN_SDK = (comment: string) =>
  `${comment} extensions of this server, unknown to the package`;

const READ_JAVASCRIPT_STREAM = `for await (const chunk of stream) {
  const delta = chunk.choices[0]?.delta;
  if (delta?.tool_calls) console.log(JSON.stringify(delta.tool_calls));
  process.stdout.write(delta?.content ?? "");
}`;

const READ_PYTHON_STREAM = `for chunk in stream:
    if not chunk.choices:
        continue  # the last chunk holds the usage and no choice
    delta = chunk.choices[0].delta
    if delta.tool_calls:
        print(delta.tool_calls)
    print(delta.content or "", end="", flush=True)`;

/** Drops undefined fields, as sending the body does. */
function plain(body: CodeBody): CodeBody {
  return JSON.parse(JSON.stringify(body)) as CodeBody; // an object stays an object
}

function bySdk(body: CodeBody) {
  const isKnown = ([name]: [string, unknown]) => SDK_FIELDS.has(name);
  const fields = Object.entries(body);
  return [fields.filter(isKnown), fields.filter((field) => !isKnown(field))] as const;
}

function member(start: string, value: unknown, language: "javascript" | "python"): string {
  const column = INDENT[language];
  return `${" ".repeat(column)}${start}${literal(value, { language, column })},`;
}

function baseOf(url: string): string {
  return url.replace(/\/chat\/completions\/?$/, "");
}

/** A shell changes nothing between single quotes; a single quote itself is escaped outside of them. */
function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
