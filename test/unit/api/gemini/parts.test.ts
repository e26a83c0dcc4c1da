import { expect, test } from "vitest";
import { withReadableParts } from "../../../../src/api/gemini/parts.ts";

function partOf(part: object, role = "user"): unknown {
  const { contents } = withReadableParts({ contents: [{ role, parts: [part] }] }, "") as {
    contents: readonly { readonly parts: readonly unknown[] }[];
  };
  return contents[0]?.parts[0];
}
const inline = (mimeType: string, data: string) => ({ inlineData: { mimeType, data } });
const base64 = (text: string) => Buffer.from(text).toString("base64");

test.each(["text/plain", "text/markdown; charset=utf-8", "text/csv", "application/json"])(
  "a file of %s is a text",
  (mimeType) => {
    expect(partOf(inline(mimeType, base64("grün, 7")))).toEqual({ text: "grün, 7" });
  },
);

test.each([
  [inline("image/png", "AA=="), "contents[0].parts[0].inlineData"],
  [inline("application/pdf", "AA=="), "contents[0].parts[0].inlineData"],
  [{ fileData: { fileUri: "gs://a" } }, "contents[0].parts[0].fileData"],
  [inline("text/plain", Buffer.from([0xff]).toString("base64")), "inlineData"],
])("the user's %j is refused", (part, param) => {
  expect(() => partOf(part)).toThrow(param);
});

test.each([
  [{ executableCode: { language: "PYTHON", code: "1 + 1" } }, "\n```python\n1 + 1\n```\n"],
  [{ codeExecutionResult: { outcome: "OUTCOME_OK", output: "2" } }, "\n```\n2\n```\n"],
  [inline("image/png", "AA=="), "[an image that this model cannot see]"],
  [{ toolCall: { id: "1" } }, "[a part of type toolCall that this model cannot read]"],
])("the model's %j is a note", (part, text) => {
  expect(partOf({ ...part, thoughtSignature: "x" }, "model")).toEqual({
    text,
    thoughtSignature: "x",
  });
});

test("a file in the system instruction is read in the same way", () => {
  const systemInstruction = { parts: [inline("image/png", "AA==")] };

  expect(() => withReadableParts({ systemInstruction }, "request.")).toThrow(
    "request.systemInstruction.parts[0].inlineData",
  );
});

test.each([null, 5, { contents: 5 }, { contents: [5, { parts: 5 }, { parts: [5] }] }])(
  "leaves %j to the schema",
  (body) => {
    expect(withReadableParts(body, "")).toEqual(body);
  },
);

test("media beside a function's response are notes, because the client cannot take them out", () => {
  const functionResponse = { name: "f", response: { output: "see" } };
  const parts = [{ functionResponse }, inline("image/png", "AA==")];

  expect(withReadableParts({ contents: [{ role: "user", parts }] }, "")).toEqual({
    contents: [
      {
        role: "user",
        parts: [{ functionResponse }, { text: "[an image that this model cannot see]" }],
      },
    ],
  });
});
