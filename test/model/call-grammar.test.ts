// The grammar of a tool call is switched on in the middle of an answer, with a real tokenizer and the real grammar engine: the
// marker that begins a call is spread over tokens that can contain text before and after it.

import { getLlama, type Llama, LlamaLogLevel, type LlamaModel } from "node-llama-cpp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PLAIN_OUTPUT } from "../../src/generation/request.ts";
import { AnswerReader } from "../../src/worker/output/answer-reader.ts";
import { Grammars } from "../../src/worker/output/grammars.ts";
import { toolFormatNamed } from "../../src/worker/output/tool-formats.ts";
import { callGrammar } from "../../src/worker/output/tool-grammar.ts";
import { compiledTools } from "../support/engines/compile-schemas.ts";
import { BUILTIN_MODEL } from "../support/start-service.ts";

let llama: Llama;
let model: LlamaModel;
let grammars: Grammars;
beforeAll(async () => {
  llama = await getLlama({ gpu: false, build: "never", logLevel: LlamaLogLevel.error });
  model = await llama.loadModel({ modelPath: BUILTIN_MODEL, gpuLayers: 0 });
  grammars = new Grammars(llama, model);
});
afterAll(async () => llama.dispose());

const CITY = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };

/** Each answer with a call, and where text comes before it. */
const ANSWERS: readonly (readonly [format: string, answer: string])[] = [
  ["generic", 'Let me see.<tool_call>\n{"name": "f", "arguments": {"city": "Rome"}}\n</tool_call>'],
  ["hermes", 'x <tool_call>{"name":"f","arguments":{"city":"Rome"}}</tool_call>'],
  ["llama-3", '{"name": "f", "parameters": {"city": "Rome"}}'],
  ["functionary-v3.1", 'Hi.<function=f>{"city": "Rome"}</function>'],
  ["functionary-v3.2", 'f\n{"city": "Rome"}'],
  [
    "deepseek-v3.1",
    'Ok<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>f<｜tool▁sep｜>{"city": "Rome"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
  ],
  ["mistral", '[TOOL_CALLS] [{"name": "f", "arguments": {"city": "Rome"}}]'],
  ["mistral-v11", '[TOOL_CALLS]f[ARGS]{"city": "Rome"}'],
  ["harmony", '<|channel|>commentary to=functions.f <|constrain|>json<|message|>{"city": "Rome"}'],
  ["gemma-4", 'Sure <|tool_call>call:f{city:<|"|>Rome<|"|>}<tool_call|>'],
];

/** Reads the answer as if it were generated. @returns the tokens that the grammar refused, and whether it was ever active */
function readAnswer(name: string, answer: string) {
  const format = toolFormatNamed(name);
  const compiled = compiledTools({ f: CITY }, format.syntax);
  const use = { isParallel: true, isRequired: false, answer: null };
  const text = callGrammar({ format, ...compiled, ...use });
  const reader = new AnswerReader({
    output: {
      ...PLAIN_OUTPUT,
      toolFormat: name,
      toolNames: ["f"],
      reasoningFormat: name === "harmony" ? "harmony" : null,
      callGrammar: text,
    },
    stop: [],
    promptTokens: [],
    detokenize: (tokens, before) => model.detokenize(tokens as never, false, before as never),
    controlTokens: () => new Map(),
    grammars,
  });
  let isHeld = false;
  for (const token of model.tokenize(answer, false)) {
    const state = reader.grammarState;
    isHeld ||= state !== undefined;
    if (state && !grammars.feed(state, [token]))
      return { refused: model.detokenize([token]), isHeld };
    reader.push(token);
  }
  return { refused: null, isHeld };
}

test.each(ANSWERS)(
  "%s: restricts a call from its beginning, and accepts a valid one",
  (name, answer) => {
    expect(readAnswer(name, answer)).toEqual({ refused: null, isHeld: true });
  },
);

test.each(ANSWERS)("%s: refuses arguments of a wrong type", (name, answer) => {
  const { refused, isHeld } = readAnswer(name, answer.replace(/(<[^<]*>|")Rome(<[^<]*>|")/, "5"));

  expect(isHeld).toBe(true);
  expect(refused).toContain("5");
});
