// Conversations as Markdown for people to read.

import { expect, test } from "vitest";
import { toMarkdown } from "../../../src/web/conversation/export-markdown.ts";
import { answer, call, conversation, question, settings, toolResult } from "./samples.ts";

const NUMBERS = {
  queueMs: 1,
  prefillMs: 2,
  firstTokenMs: 120,
  totalMs: 1250,
  promptTokens: 24,
  cachedTokens: 12,
  generatedTokens: 87,
  seed: 5,
};

test("writes settings, questions, answers and tool results under headings", () => {
  const given = conversation(
    [
      question("Weather?"),
      answer("Let me see.", {
        thoughts: "A tool.",
        thoughtMs: 2100,
        calls: [call("one")],
        numbers: NUMBERS,
      }),
      toolResult("one", "sunny"),
    ],
    { settings: settings({ system: "Be brief", topP: 0.9, temperature: null, stop: ["\n"] }) },
  );

  expect(toMarkdown(given)).toBe(`# A title

- Temperature: server default
- Top p: 0.9
- Stop strings: \`"\\n"\`

System prompt:

\`\`\`
Be brief
\`\`\`

## Question

Weather?

## Answer from \`builtin\`

<details>
<summary>Reasoning (2.1 s)</summary>

A tool.

</details>

Let me see.

Tool call \`get_weather\`:

\`\`\`json
{
  "city": "Paris"
}
\`\`\`

<sub>24 prompt tokens (12 cached) · 87 generated · first token after 0.12 s · 1.3 s in total · seed 5</sub>

## Result of \`get_weather\`

\`\`\`
sunny
\`\`\`
`);
});

test.each([
  [answer("One", { phase: { type: "stopped" } }), "One\n\n*Stopped.*"],
  [answer("One", { phase: { type: "writing" } }), "One\n\n*Not finished.*"],
  [answer("One", { finishReason: "length" }), "One\n\n*Cut off at the token limit.*"],
  [
    answer("", {
      phase: { type: "failed" },
      failure: {
        status: 429,
        code: "queue_full",
        message: "The queue\nis full",
        param: null,
        retryAtMs: null,
      },
    }),
    "*Failed: The queue is full (queue_full)*",
  ],
])("notes how an answer ended if it was not complete", (given, end) => {
  expect(toMarkdown(conversation([given], { title: "" }))).toBe(
    `# Conversation\n\n## Answer from \`builtin\`\n\n${end}\n`,
  );
});

test("closes a code block that a stopped answer left open", () => {
  const given = conversation([
    answer("~~~~js\n```\nlet a"),
    question("```\nall\n```"),
    answer("```` ` ````"),
  ]);

  const text = toMarkdown(given);

  expect(text).toContain("~~~~js\n```\nlet a\n~~~~\n\n## Question");
  expect(text).toContain("```\nall\n```\n\n## Answer");
  expect(text).toMatch(/```` ` ````\n$/);
});

test("uses a fence longer than any in a result, and keeps arguments that are not JSON", () => {
  const given = conversation([
    answer("", { calls: [call("one", '{"city":')] }),
    toolResult("one", "```\nx\n```"),
  ]);

  const text = toMarkdown(given);

  expect(text).toContain('```json\n{"city":\n```');
  expect(text).toContain("````\n```\nx\n```\n````");
});

test("reasoning cannot close its own details element", () => {
  const given = conversation([answer("x", { thoughts: "a </details> b" })]);

  expect(toMarkdown(given)).toContain("a &lt;/details> b\n\n</details>");
});

test("writes the files of a question before its text", () => {
  const files = [{ name: "a.md", text: "```js\n1\n```" }];

  expect(toMarkdown(conversation([{ ...question("Why?"), files }]))).toContain(
    "## Question\n\nFile `a.md`:\n\n````\n```js\n1\n```\n````\n\nWhy?\n",
  );
});
