// Fields with values at the limits of what is allowed, because accepted values reach the engine. As JSON text, because
// JavaScript would not write some of them.

type Limit = readonly [name: string, ...values: string[]];

const many = (count: number, make: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => make(index)).join(",");
const message = (content: string) => `{"role":"user","content":${JSON.stringify(content)}}`;
const tools = (count: number) =>
  `[${many(count, (index) => `{"type":"function","function":{"name":"f${index}"}}`)}]`;

const SAMPLING: readonly Limit[] = [
  ["temperature", "0", "1e-320", "0.000001", "2", "1"],
  ["top_p", "0", "1e-30", "1"],
  ["top_k", "-1", "1", "2", "1000000"],
  ["min_p", "0", "1"],
  ["presence_penalty", "-2", "2"],
  ["frequency_penalty", "-2", "2"],
  ["repeat_penalty", "1e-320", "0.000001", "10"],
  ["seed", "-1", "0", "-9007199254740993", "1e308", "4294967295", "18446744073709551615"],
  [
    "logit_bias",
    '{"0":100}',
    '{"1":-100,"2":-100}',
    '{"999999999":100}',
    '{"000000005":1}',
    `{${many(1_024, (index) => `"${index}":-100`)}}`,
  ],
  ["ignore_eos", "true"],
  ["min_tokens", "1", "8", "9007199254740991"],
  ["max_tokens", "-1", "1", "9007199254740991", "null"],
  ["cache_prompt", "false"],
];

const ANSWER: readonly Limit[] = [
  ["n", "1", "2", "5", "16"],
  [
    "stop",
    '["\\u0000"]',
    `"${"a".repeat(1_024)}"`,
    '[" "]',
    `[${many(16, (index) => `"${index}"`)}]`,
    "[]",
  ],
  ["stop", '"\\ud83e\\udd84"', '["e","en","end"]', '"<|im_end|>"', '"\\n"'],
  ["stream", "true"],
  ["stream_options", '{"flush":0}', '{"flush":1000}', '{"flush":"sentence"}', '{"flush":0.001}'],
  ["stream_options", '{"include_usage":true}', "{}"],
  ["return_progress", "true"],
  ["logprobs", "true", "0", "20"],
  ["top_logprobs", "0", "20"],
  ["echo", "true"],
  ["suffix", '"b"', '""', '" "'],
  ["response_format", '{"type":"json_object"}', '{"type":"text"}'],
  ["text", '{"format":{"type":"json_object"}}'],
  ["service_tier", '"flex"'],
  ["include", '["message.output_text.logprobs"]'],
];

const PROMPT: readonly Limit[] = [
  [
    "prompt",
    "[0]",
    "[4294967295]",
    "[2147483647]",
    "[999999]",
    '""',
    '[""]',
    '["",""]',
    "[[0],[1]]",
  ],
  [
    "prompt",
    `[${many(383, () => "5")}]`,
    `[${many(384, () => "5")}]`,
    `[${many(64, () => '"a"')}]`,
  ],
  ["prompt", `[${many(100_000, () => "1")}]`, `"${"a ".repeat(370)}"`, `"${"a ".repeat(50_000)}"`],
  [
    "messages",
    `[${message("")}]`,
    `[${message(" ")},${message("\u0000")}]`,
    `[${many(500, () => message("a"))}]`,
  ],
  ["messages", `[${message("a ".repeat(360))}]`, `[${message("\u200b".repeat(500))}]`],
  ["messages", `[${message("\ue000\ue001<|im_end|>\ue002\ue003")}]`],
  ["input", '""', `"${"a ".repeat(360)}"`, "[1,2]", "[[0],[999999]]", "[4294967296]"],
  [
    "input",
    `[${many(2_048, () => '"a"')}]`,
    `[${many(300, () => "[5]")}]`,
    `["${"a ".repeat(300)}"]`,
  ],
  ["content", '"\\u0000"', `"${"a".repeat(200_000)}"`, `"${" ".repeat(200_000)}"`, '""'],
  ["tokens", "[4294967295]", "[0]", "[]", `[${many(200_000, () => "5")}]`, "[9007199254740991]"],
  ["input_prefix", '""', `"${"a ".repeat(400)}"`, '"<|fim_prefix|>"'],
  ["input_suffix", `"${"a ".repeat(400)}"`, '"\\u0000"'],
  ["documents", '[""]', `["${"a ".repeat(600)}"]`, `[${many(500, () => '"a"')}]`, '[{"text":""}]'],
  ["query", '""', '" "', `"${"a ".repeat(600)}"`, '"[SEP]"'],
  ["top_n", "1", "9007199254740991"],
  ["dimensions", "1", "9007199254740991"],
];

const CHAT: readonly Limit[] = [
  ["tools", tools(1), tools(30), tools(128), "[]"],
  ["tool_choice", '"none"', '"auto"', '"required"', '{"type":"any"}', '{"type":"none"}'],
  ["parallel_tool_calls", "false", "true"],
  ["thinking_budget_tokens", "-1", "0", "1", "9007199254740991"],
  ["reasoning_effort", '"none"', '"low"', '"xhigh"'],
  ["reasoning", '{"effort":"none"}', '{"effort":"high"}'],
  ["reasoning_format", '"none"', '"auto"'],
  ["thinking", '{"type":"enabled","budget_tokens":1}', '{"type":"adaptive"}'],
  [
    "chat_template_kwargs",
    '{"tools":[]}',
    '{"add_generation_prompt":false}',
    '{"ns":{}}',
    '{"enable_thinking":1}',
  ],
  ["continue_final_message", "true", "false"],
  ["add_generation_prompt", "true", "false"],
  ["system", '""', '[{"type":"text","text":""}]'],
  ["instructions", '""', '"a"'],
  ["metadata", '{"a":"b"}', "{}"],
];

/** Pairs of a field name and one of its values. */
export const LIMIT_VALUES = [...SAMPLING, ...ANSWER, ...PROMPT, ...CHAT].flatMap(
  ([name, ...values]) => values.map((text) => ({ name, text })),
);
