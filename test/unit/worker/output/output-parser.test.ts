// Splits recorded outputs of the model families, with their published sources, whole and in pieces.

import { expect, test } from "vitest";
import type { OutputPart } from "../../../../src/generation/events.ts";
import {
  OutputParser,
  type OutputParserOptions,
} from "../../../../src/worker/output/output-parser.ts";
import { reasoningFormatNamed } from "../../../../src/worker/output/reasoning-formats.ts";
import { TOOL_FORMATS, toolFormatNamed } from "../../../../src/worker/output/tool-formats.ts";
import recorded from "../../../support/engines/recorded-outputs.json" with { type: "json" };

const THINK = reasoningFormatNamed("think");
const HERMES = toolFormatNamed("hermes");

function parser(options: Partial<OutputParserOptions> = {}): OutputParser {
  return new OutputParser({
    toolFormat: null,
    toolNames: ["get_weather"],
    reasoningFormat: null,
    keepsReasoningInText: false,
    startsInReasoning: false,
    ...options,
  });
}

function pushAll(to: OutputParser, text: string, size: number): OutputPart[] {
  const parts: OutputPart[] = [];
  for (let at = 0; at < text.length; at += size) parts.push(...to.push(text.slice(at, at + size)));
  return [...parts, ...to.end()];
}

function collect(parts: readonly OutputPart[]) {
  const calls: { name: string; arguments: string }[] = [];
  let [content, reasoning] = ["", ""];
  for (const part of parts) {
    if (part.type === "text-delta") content += part.text;
    else if (part.type === "reasoning-delta") reasoning += part.text;
    else if (part.name !== null) calls.push({ name: part.name, arguments: "" });
    else (calls[part.index] ?? { arguments: "" }).arguments += part.text;
  }
  return { content, reasoning, calls };
}

function read(to: OutputParser, text: string, size = 1) {
  return collect(pushAll(to, text, size));
}

for (const [index, each] of recorded.entries()) {
  test.each([1, 3, 1_000])(
    `reads ${each.format} output ${index} as ${each.source} expects it, %i characters at a time`,
    (size) => {
      const { calls, ...texts } = read(
        parser({
          toolFormat: toolFormatNamed(each.format),
          toolNames: each.calls.map(({ name }) => name),
          reasoningFormat: each.thoughts === null ? null : reasoningFormatNamed(each.thoughts),
          startsInReasoning: each.isThinking,
        }),
        each.raw,
        size,
      );

      expect(texts).toEqual({ content: each.content, reasoning: each.reasoning });
      expect(calls.map((call) => ({ ...call, arguments: JSON.parse(call.arguments) }))).toEqual(
        each.calls,
      );
    },
  );
}

test("has recorded outputs of every format except the generic one, which is our own", () => {
  const there = new Set(recorded.map(({ format }) => format));

  expect(TOOL_FORMATS.map(({ name }) => name).filter((name) => !there.has(name))).toEqual([]);
});

test("returns arguments as they arrive, and the name once", () => {
  const reading = parser({ toolFormat: HERMES });
  reading.push('<tool_call>\n{"name": "get_weather", "arguments": ');

  expect(reading.push('{"ci')).toEqual([
    { type: "tool-call-delta", index: 0, name: "get_weather", text: "" },
    { type: "tool-call-delta", index: 0, name: null, text: '{"ci' },
  ]);
  expect(reading.push('ty": "}"')).toEqual([
    { type: "tool-call-delta", index: 0, name: null, text: 'ty": "}"' },
  ]);
  expect(reading.push("}")).toEqual([{ type: "tool-call-delta", index: 0, name: null, text: "}" }]);
});

test("is not misled by braces and quotes within strings", () => {
  const args = '{"a": "}{\\"]", "b": [{"c": "\\\\"}]}';

  const { calls, content } = read(
    parser({ toolFormat: HERMES }),
    `<tool_call>{"name": "f", "arguments": ${args}}</tool_call>`,
  );

  expect(calls).toEqual([{ name: "f", arguments: args }]);
  expect(content).toBe("");
});

test("holds back text that may become a call, and returns it when it does not", () => {
  const reading = parser({ toolFormat: HERMES });

  expect(reading.push("a <tool_")).toEqual([{ type: "text-delta", text: "a" }]);
  expect(reading.push("box>")).toEqual([{ type: "text-delta", text: " <tool_box>" }]);
});

test("drops a call that was cut off at its start: it is not text", () => {
  const { content, calls } = read(
    parser({ toolFormat: HERMES }),
    'Wait.\n<tool_call>\n{"name": "get_',
  );

  expect({ content, calls }).toEqual({ content: "Wait.", calls: [] });
});

test("ignores reasoning tags in the middle of an answer", () => {
  const text = "Models write <think> and </think> around their thoughts.";

  expect(read(parser({ reasoningFormat: THINK }), text)).toEqual({
    content: text,
    reasoning: "",
    calls: [],
  });
});

test("returns reasoning that never ends as reasoning", () => {
  expect(read(parser({ reasoningFormat: THINK }), "<think>\nhm, 2 + 3")).toMatchObject({
    content: "",
    reasoning: "hm, 2 + 3",
  });
});

test("reports whether the model is reasoning, so that grammars and budgets can depend on it", () => {
  const reading = parser({ reasoningFormat: THINK });
  expect(reading.isReasoning).toBe(false);

  reading.push("<think>");
  expect([reading.isReasoning, reading.isText]).toEqual([true, false]);

  reading.push("so</think>");
  expect([reading.isReasoning, reading.isText]).toEqual([false, true]);
});

test("leaves reasoning in the text on request", () => {
  const text = "<think>\nhm\n</think>\n\nFive.";

  const { content, reasoning } = read(
    parser({ reasoningFormat: THINK, keepsReasoningInText: true }),
    text,
  );

  expect({ content, reasoning }).toEqual({ content: text, reasoning: "" });
});

test("reports where the first call started, in characters of the whole output", () => {
  const reading = parser({ toolFormat: HERMES });

  reading.push("Let me see. <tool_c");
  expect(reading.callsBeganAt).toBeNull();
  reading.push("all>");

  expect(reading.callsBeganAt).toBe("Let me see. ".length);
});

test("passes text on at once if the format has no markers", () => {
  const reading = parser({ reasoningFormat: THINK });
  reading.push("Hello");

  expect(reading.push(" ")).toEqual([{ type: "text-delta", text: " " }]);
});
