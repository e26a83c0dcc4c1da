// "Show request": runs the code and compares what it sends with the body.

import { expect, test } from "vitest";
import { requestBody, streamedBody } from "../../../src/web/conversation/request-body.ts";
import { asCurl, asJavaScript, asPython } from "../../../src/web/conversation/request-code.ts";
import { EXAMPLE_SCHEMA, EXAMPLE_TOOLS } from "../../../src/web/conversation/settings.ts";
import { hasPython, runNode, runPython, runShell } from "./run-code.mjs";
import { answer, call, conversation, question, settings, toolResult } from "./samples.ts";

const URL_OF_CHAT = "http://127.0.0.1:8080/it's/v1/chat/completions";
const BASE = "http://127.0.0.1:8080/it's/v1";
const KEY = "sk-'\"$x";
const hasKey = true;

const NASTY = [
  ..."'\"`\\$!%#&;|<>(){}[]*?~ ",
  ...[
    "'\\''",
    "''",
    '"""',
    "'''",
    "\\n",
    "\\u0041",
    "\\",
    "\\\\'",
    `\${HOME} $(id) \`id\``,
    "%s %d",
  ],
  ...[
    "line\nline\r\nline\r",
    "\t\b\f\v\0\u001b[31m",
    "🙂 👩‍👩‍👧 é e\u0301 東京",
    "\u2028\u2029\ufeff\u202e\u00ad",
  ],
  ...["</script><!--", "True None null", "{{x}} {x}", "-d @file", "EOF\n", " trailing \n"],
];

const FULL = conversation(
  [
    question(NASTY.join(" | ")),
    answer(NASTY.join("\n"), { calls: [call("one")] }),
    toolResult("one", NASTY.join("")),
    ...NASTY.map((text) => question(text)),
  ],
  {
    settings: settings({
      model: "builtin",
      system: 'It\'s "brief"',
      seed: 1,
      stop: ["'", "\n"],
      topP: 1e-7,
      jsonSchema: EXAMPLE_SCHEMA.replace('"age"', '"__proto__": true, "a-b": null, "age"'),
      tools: EXAMPLE_TOOLS,
    }),
  },
);
const STREAMED = streamedBody(FULL);
const BUFFERED = { ...requestBody(FULL), stream: false };
const BODIES = [
  ["streamed", STREAMED],
  ["buffered", BUFFERED],
] as const;

/** Sorted JSON for a deep comparison that handles a field called `__proto__`. */
function sorted(value: unknown): string {
  return JSON.stringify(value, (_name, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.entries(each).sort(([one], [other]) => (one < other ? -1 : 1))
      : each,
  );
}

test.each(BODIES)("curl sends the %s body exactly", (_form, body) => {
  const given = runShell(asCurl(URL_OF_CHAT, body, { hasKey }));

  const sent = given.at(-1) ?? "";
  const flags = body.stream ? ["-N"] : [];
  const headers = ["-H", "content-type: application/json", "-H", `authorization: Bearer ${KEY}`];
  expect(given.slice(0, -1)).toEqual([...flags, URL_OF_CHAT, ...headers, "-d"]);
  expect(sorted(JSON.parse(sent))).toBe(sorted(body));
});

test.each(BODIES)("JavaScript sends the %s body exactly", (_form, body) => {
  const sent = runNode(asJavaScript(URL_OF_CHAT, body, { hasKey }));

  expect(sent.options).toEqual({ baseURL: BASE, apiKey: KEY });
  expect(sorted(sent.body)).toBe(sorted(body));
  expect(sent.printed).toContain("ok");
});

if (!hasPython())
  console.warn("NO python3 ON THIS MACHINE: the Python code of requests is NOT tested");

test.skipIf(!hasPython()).each(BODIES)("Python sends the %s body exactly", (_form, body) => {
  const sent = runPython(asPython(URL_OF_CHAT, body, { hasKey }));

  const { extra_body: extra, ...known } = sent.body;
  expect(sent.options).toEqual({ base_url: BASE, api_key: KEY });
  expect(extra).toEqual(body.stream ? { return_progress: true } : undefined);
  expect(sorted({ ...known, ...(extra as object | undefined) })).toBe(sorted(body));
  expect(sent.printed).toContain("ok");
});

test("the code of a short request is short", () => {
  const body = { messages: [{ role: "user", content: "Hi" }], stream: true, return_progress: true };

  expect(asCurl("http://a/v1/chat/completions", body, { hasKey: false })).toBe(
    `curl -N 'http://a/v1/chat/completions' \\
  -H 'content-type: application/json' \\
  -d '{
  "messages": [{ "role": "user", "content": "Hi" }],
  "stream": true,
  "return_progress": true
}'
`,
  );
});

test("the code needs no key if the server needs none, and Python selects the server's model", () => {
  const body = { messages: [{ role: "user", content: "Hi" }] };

  const [script, python] = [asJavaScript, asPython].map((as) =>
    as("http://a/v1/chat/completions", body, { hasKey: false }),
  );

  expect(script).toContain('apiKey: "none", // the package requires a value\n');
  expect(script).not.toContain("model");
  expect(python).toContain('api_key="none",  # the package requires a value\n');
  expect(python).toContain("    model=None,\n");
  expect(`${script}${python}`).not.toMatch(/SLUICE_API_KEY|import os/);
});

test("omits undefined fields, as a request does", () => {
  const code = asCurl(
    "http://a/v1/chat/completions",
    { seed: undefined, stop: ["x"] },
    { hasKey: false },
  );

  expect(code).toContain(`-d '{ "stop": ["x"] }'`);
});
