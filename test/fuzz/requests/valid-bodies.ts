// All paths of the server with valid bodies, from which mutations start. They are small, so that answers end fast.

export type Endpoint = {
  /** Name for `--only`. */
  readonly name: string;
  readonly path: string;
  readonly envelope: "openai" | "anthropic" | "gemini";
  readonly bodies: readonly object[];
};

const user = { role: "user", content: "Hi there" };
const parameters = {
  type: "object",
  properties: { city: { type: "string", maxLength: 8 }, days: { type: "integer", minimum: 1 } },
  required: ["city"],
};
const weather = { name: "get_weather", description: "Weather of a city", parameters };
const tool = { type: "function", function: { ...weather, strict: true } };
const call = { id: "c1", type: "function", function: { name: "get_weather", arguments: "{}" } };
const answerSchema = { type: "object", properties: { a: { enum: ["x", "y"] } }, required: ["a"] };
const few = { max_tokens: 4, temperature: 0, seed: 1 };

const CHATS: readonly object[] = [
  { model: "builtin", messages: [{ role: "system", content: "Be brief." }, user], ...few },
  {
    messages: [user],
    stream: true,
    stream_options: { include_usage: true, flush: "word" },
    ...few,
  },
  { messages: [user], tools: [tool], tool_choice: "required", parallel_tool_calls: false, ...few },
  {
    messages: [
      user,
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "tool", tool_call_id: "c1", content: "sunny" },
    ],
    tools: [tool],
    stream: true,
    ...few,
  },
  {
    messages: [{ role: "user", content: [{ type: "text", text: "Hi" }] }],
    response_format: { type: "json_schema", json_schema: { name: "x", schema: answerSchema } },
    stop: ["\n", "END"],
    ...few,
  },
  {
    messages: [user, { role: "assistant", content: "Well" }],
    n: 2,
    logprobs: true,
    top_logprobs: 3,
    logit_bias: { 5: -100 },
    top_p: 0.9,
    top_k: 40,
    min_p: 0.05,
    presence_penalty: 0.1,
    repeat_penalty: 1.1,
    reasoning_effort: "none",
    chat_template_kwargs: {},
    service_tier: "flex",
    max_tokens: 4,
  },
];

const COMPLETIONS: readonly object[] = [
  { prompt: "Once upon a time", ...few, logprobs: 2, echo: true },
  { prompt: ["One", "Two"], n: 2, stream: true, stop: ".", ...few },
  { prompt: [[1, 2, 3], [4]], ignore_eos: true, min_tokens: 2, cache_prompt: false, ...few },
  { prompt: "The", json_schema: answerSchema, return_progress: true, stream: true, ...few },
];

const brief = { max_output_tokens: 4, temperature: 0 };
const RESPONSES: readonly object[] = [
  { input: "Hi", instructions: "Be brief.", metadata: { a: "b" }, ...brief },
  {
    input: [{ role: "user", content: [{ type: "input_text", text: "Hi" }] }],
    stream: true,
    ...brief,
  },
  {
    input: [
      { role: "user", content: "Weather?" },
      { type: "function_call", call_id: "c1", name: "get_weather", arguments: "{}" },
      { type: "function_call_output", call_id: "c1", output: "sunny" },
    ],
    tools: [{ type: "function", ...weather, strict: true }],
    tool_choice: { type: "function", name: "get_weather" },
    ...brief,
  },
  {
    input: "Hi",
    text: { format: { type: "json_schema", name: "x", schema: answerSchema, strict: true } },
    reasoning: { effort: "none" },
    top_logprobs: 2,
    stream: true,
    ...brief,
  },
];

const { parameters: input_schema, ...described } = weather;
const custom = { ...described, input_schema };
const MESSAGES: readonly object[] = [
  { max_tokens: 4, messages: [user], system: "Be brief.", temperature: 0, stop_sequences: ["END"] },
  {
    max_tokens: 4,
    messages: [{ role: "user", content: [{ type: "text", text: "Hi" }] }],
    stream: true,
  },
  {
    max_tokens: 4,
    tools: [custom],
    tool_choice: { type: "any", disable_parallel_tool_use: true },
    messages: [
      user,
      {
        role: "assistant",
        content: [{ type: "tool_use", id: "t", name: "get_weather", input: {} }],
      },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: "sunny" }] },
    ],
  },
  {
    max_tokens: 4,
    system: [{ type: "text", text: "Be brief.", cache_control: { type: "ephemeral" } }],
    messages: [
      user,
      { role: "assistant", content: [{ type: "thinking", thinking: "Hm", signature: "" }] },
      user,
    ],
    thinking: { type: "disabled" },
    output_config: { format: { type: "json_schema", schema: answerSchema } },
    stream: true,
  },
];

const CONTENTS = [{ role: "user", parts: [{ text: "Hi there" }] }];
const GEMINI: readonly object[] = [
  {
    contents: CONTENTS,
    systemInstruction: { parts: [{ text: "Be brief." }] },
    generationConfig: {
      maxOutputTokens: 4,
      temperature: 0,
      stopSequences: ["END"],
      seed: 1,
      topK: 40,
      responseLogprobs: true,
      logprobs: 2,
      candidateCount: 2,
    },
  },
  {
    contents: [
      ...CONTENTS,
      { role: "model", parts: [{ functionCall: { name: "get_weather", args: {} } }] },
      {
        role: "function",
        parts: [{ functionResponse: { name: "get_weather", response: { output: "sunny" } } }],
      },
    ],
    tools: [{ function_declarations: [{ ...described, parametersJsonSchema: parameters }] }],
    toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["get_weather"] } },
    generation_config: { max_output_tokens: 4 },
  },
  {
    contents: CONTENTS,
    generationConfig: {
      maxOutputTokens: 4,
      responseMimeType: "application/json",
      responseSchema: {
        type: "OBJECT",
        properties: { a: { type: "STRING", enum: ["x", "y"], nullable: true } },
        propertyOrdering: ["a"],
      },
      thinkingConfig: { thinkingBudget: 0, includeThoughts: true },
    },
  },
];

const INFILL: readonly object[] = [
  { input_prefix: "def a(", input_suffix: ")", n_predict: 4, response_fields: ["content"] },
  { input_prefix: "", input_suffix: "", input_extra: [{ filename: "a", text: "b" }], stream: true },
];

const RERANK: readonly object[] = [
  { query: "a", documents: ["b", { text: "c" }], top_n: 1, return_documents: true },
  { query: "a", texts: ["b", "c"], raw_scores: true, return_text: true, truncate: false },
];

export const ENDPOINTS: readonly Endpoint[] = [
  ...openai("chat", ["/v1/chat/completions"], CHATS),
  ...openai("completions", ["/v1/completions"], COMPLETIONS),
  ...openai("responses", ["/v1/responses"], RESPONSES),
  { name: "messages", path: "/v1/messages", envelope: "anthropic", bodies: MESSAGES },
  { name: "count", path: "/v1/messages/count_tokens", envelope: "anthropic", bodies: MESSAGES },
  ...["generateContent", "streamGenerateContent?alt=sse", "countTokens"].map((method) => ({
    name: "gemini",
    path: `/v1beta/models/builtin:${method}`,
    envelope: "gemini" as const,
    bodies: GEMINI,
  })),
  ...openai("count", ["/v1/chat/completions/input_tokens"], CHATS),
  ...openai("template", ["/apply-template"], CHATS),
  ...openai("infill", ["/infill"], INFILL),
  ...openai(
    "tokenize",
    ["/tokenize"],
    [{ content: "Hi <|im_end|>", add_special: true, parse_special: true, with_pieces: true }],
  ),
  ...openai("detokenize", ["/detokenize"], [{ tokens: [1, 2, 300] }]),
  ...openai(
    "embeddings",
    ["/v1/embeddings"],
    [
      { input: ["a", "b c"], dimensions: 4, encoding_format: "base64" },
      { input: [[1, 2], [3]], model: "builtin" },
      { input: "a" },
    ],
  ),
  ...openai("rerank", ["/v1/rerank", "/rerank", "/v1/reranking", "/reranking"], RERANK),
];

/** Paths without a body. */
export const GET_PATHS: readonly string[] = [
  "/",
  "/health",
  "/ready",
  "/metrics",
  "/slots",
  "/slots?fail_on_no_slot=1",
  "/props",
  "/v1/models",
  "/v1/models/builtin",
  "/v1/models/no/such/model",
  "/nothing",
  "/v1beta/models",
  "/v1beta/models/builtin",
  "/v1beta/models/none",
  "/v1beta/nothing",
];

function openai(name: string, paths: readonly string[], bodies: readonly object[]): Endpoint[] {
  return paths.map((path) => ({ name, path, envelope: "openai", bodies }));
}
