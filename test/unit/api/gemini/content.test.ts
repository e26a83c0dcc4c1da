import { expect, test } from "vitest";
import { contents, readContents, systemInstruction } from "../../../../src/api/gemini/content.ts";

function read(given: unknown, system?: unknown) {
  return readContents({
    contents: contents.parse(given),
    systemInstruction: systemInstruction.parse(system),
  });
}

const user = { role: "user", parts: [{ text: "Hi" }] };

test("turns contents into messages, and merges consecutive contents of one side", () => {
  const streamed = ["A ", "stream"].map((text) => ({ role: "model", parts: [{ text }] }));
  const system = { parts: [{ text: "Be" }, { text: "brief." }] };

  const messages = read([{ parts: [{ text: "Hello" }] }, user, ...streamed, user], system);

  expect(messages).toEqual([
    { role: "system", content: "Be\nbrief." },
    { role: "user", content: "Hello\nHi" },
    { role: "assistant", content: "A stream", reasoning: null, toolCalls: [] },
    { role: "user", content: "Hi" },
  ]);
});

test("separates reasoning from the answer, and keeps an empty answer", () => {
  const parts = [
    { text: "H", thought: true, thoughtSignature: "x" },
    { text: "m", thought: true },
    { text: "Well" },
  ];

  expect(read([user, { role: "model", parts }, user])[1]).toMatchObject({
    content: "Well",
    reasoning: "Hm",
  });
  expect(read([user, { role: "model" }, user])[1]).toMatchObject({ content: "" });
});

const call = (name: string, more: object = {}) => ({ functionCall: { name, ...more } });
const response = (name: string, result: object, id?: string) => ({
  functionResponse: { name, response: result, ...(id === undefined ? {} : { id }) },
});

test("matches responses to calls by id, else by name in the order of the calls", () => {
  const messages = read([
    user,
    {
      role: "model",
      parts: [
        call("f", { args: { a: 1 } }),
        call("g", { id: "x" }),
        call("f"),
        { text: "Let me see" },
      ],
    },
    {
      role: "function",
      parts: [
        { text: "And now?" },
        response("g", { result: { a: 1 } }, "x"),
        response("f", { output: "one" }),
        response("f", { output: "two", error: "none" }),
        response("h", { a: 1 }),
      ],
    },
  ]);

  expect(messages.slice(1)).toEqual([
    {
      role: "assistant",
      content: "Let me see",
      reasoning: null,
      toolCalls: [
        { id: "call_0", name: "f", arguments: { a: 1 } },
        { id: "x", name: "g", arguments: {} },
        { id: "call_2", name: "f", arguments: {} },
      ],
    },
    { role: "tool", toolCallId: "x", name: "g", content: '{"a":1}' },
    { role: "tool", toolCallId: "call_0", name: "f", content: "one" },
    { role: "tool", toolCallId: "call_2", name: "f", content: '{"output":"two","error":"none"}' },
    { role: "tool", toolCallId: null, name: "h", content: '{"a":1}' },
    { role: "user", content: "And now?" },
  ]);
});

test("media in a response are notes in the result", () => {
  const media = [{ inlineData: { mimeType: "image/png", data: "AA==" } }, {}];
  const functionResponse = { name: "f", response: { output: "see" }, parts: media };

  const [, , result] = read([
    user,
    { role: "model", parts: [call("f")] },
    { role: "tool", parts: [{ functionResponse }] },
  ]);

  expect(result?.content).toBe(
    "see\n[an image that this model cannot see]\n[a file that this model cannot read]",
  );
});

test("an answer's part of nothing, and a response without a result, are empty", () => {
  const signed = [{ thoughtSignature: "x" }, { text: "A" }];

  const messages = read([
    { parts: [{ text: "" }] },
    { role: "model", parts: [...signed, call("f")] },
    { parts: [{ functionResponse: { name: "f" } }] },
  ]);

  expect(messages.map(({ content }) => content)).toEqual(["", "A", ""]);
});

test("refuses a last call without its response", () => {
  expect(() => read([user, { role: "model", parts: [call("f")] }])).toThrow(
    "contents[1] has a functionCall without a functionResponse; send the response as well",
  );
});

test.each([
  ["a part of nothing", [{ parts: [{}] }]],
  ["a part of two things", [{ parts: [{ text: "a", functionCall: { name: "f" } }] }]],
  ["no parts of the user", [{ role: "user", parts: [] }]],
  ["no contents", []],
  ["another role", [{ role: "system", parts: [{ text: "a" }] }]],
])("%s is refused", (_what, given) => {
  expect(contents.safeParse(given).success).toBe(false);
});
