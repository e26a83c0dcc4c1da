// Every example and every check of an SDK: what it shows, how it is run, and which client it tests.

export type Client = {
  readonly name: string;
  /** The package whose version was tested, in examples/; `root` of this project; or a program that has --version. */
  readonly npm?: string;
  readonly root?: string;
  readonly pip?: string;
  readonly program?: string;
  readonly works: string;
};

export type Example = {
  /** From the project's folder. */
  readonly file: string;
  /** One line for examples/README.md. Tests of SDKs have none. */
  readonly shows?: string;
  /** A proxy or page does not end by itself: it is driven. A test runs in vitest. Everything else is a program. */
  readonly kind?: "proxy" | "page" | "test";
  /** The program gets the server's address with this path as its argument. */
  readonly path?: string;
  readonly client?: Client;
};

export const EXAMPLES: readonly Example[] = [
  {
    file: "examples/curl.sh",
    shows: "curl alone: stream, list running requests, stop one, lose a stream and reconnect to it",
    client: { name: "curl", program: "curl", works: "streams, stop, resume with `Last-Event-ID`" },
  },
  {
    file: "examples/metrics.mjs",
    shows: "the same question streamed and buffered: time to first token, total, tokens per second",
  },
  { file: "examples/metrics.py", shows: "the same in Python, streamed" },
  {
    file: "examples/cancel.mjs",
    shows: "three ways to stop an answer; the server stops at once",
  },
  {
    file: "examples/timeouts.mjs",
    shows: "a deadline that the server keeps; a dead connection that the client detects",
  },
  {
    file: "examples/proxy-express.mjs",
    kind: "proxy",
    shows:
      "your own proxy: a client that disconnects stops the model; it also serves the two chat pages",
  },
  {
    file: "examples/proxy-fastapi.py",
    kind: "proxy",
    shows: "the same proxy in Python, without the pages",
  },
  {
    file: "examples/chat-plain.html",
    kind: "page",
    shows: "a chat without a framework: typing cursor, scrolling, stop, reconnecting",
  },
  {
    file: "examples/chat-react.jsx",
    kind: "page",
    shows: "the same in React; both pages use stream-chat.js",
  },
  {
    file: "examples/token-buffer.mjs",
    shows: "a smoother display: fewer, more even steps",
  },
  {
    file: "examples/memory.mjs",
    shows: "a conversation with memory, which leaves out its oldest turns when they no longer fit",
  },
  {
    file: "examples/tools.mjs",
    shows: "a tool loop that shows arguments as they arrive",
  },
  {
    file: "examples/structured.mjs",
    shows: "an answer that follows a JSON schema, read while it streams",
  },
  {
    file: "examples/websocket.mjs",
    shows: "two answers at a time on one WebSocket, one of them cancelled",
    client: { name: "ws", npm: "ws", works: "`/v1/ws`: several streams at a time, cancel" },
  },
  {
    file: "examples/providers.mjs",
    shows: "several providers behind one interface: OpenAI, Anthropic, Ollama, Gemini",
  },
  {
    file: "examples/load.mjs",
    shows: "load from autocannon, and what readers feel, from the server's metrics",
    client: { name: "autocannon", npm: "autocannon", works: "streams under load" },
  },
  {
    file: "examples/vercel-ai.mjs",
    shows: "Vercel's AI SDK: text, a growing object, tools",
    client: {
      name: "Vercel AI SDK (`ai`, `@ai-sdk/openai-compatible`)",
      npm: "ai",
      works: "`streamText`, `Output.object` (streamed), tools over several steps",
    },
  },
  {
    file: "examples/langchain.mjs",
    shows: "LangChain: a chain, a tool, a schema",
    client: {
      name: "LangChain, JavaScript (`@langchain/openai`)",
      npm: "@langchain/openai",
      works: "chains that stream, `bindTools`, `withStructuredOutput`",
    },
  },
  {
    file: "examples/langchain_client.py",
    shows: "the same in Python",
    client: {
      name: "LangChain, Python (`langchain-openai`)",
      pip: "langchain-openai",
      works: "chains that stream, `bind_tools`, `with_structured_output`",
    },
  },
  {
    file: "examples/mistral.mjs",
    shows: "Mistral's SDK against the OpenAI routes: a stream, a tool, a schema",
    client: {
      name: "Mistral (`@mistralai/mistralai`)",
      npm: "@mistralai/mistralai",
      works: "`chat.stream`, `chat.complete`, tools, `json_schema`",
    },
  },
  {
    file: "examples/litellm_client.py",
    shows: "LiteLLM: the same call for the OpenAI and the Anthropic API, streamed, and a tool",
    client: {
      name: "LiteLLM",
      pip: "litellm",
      works: "`openai/` and `anthropic/`: streams, tools",
    },
  },
  {
    file: "test/compat/openai_sdk.py",
    path: "/v1",
    client: {
      name: "OpenAI, Python",
      pip: "openai",
      works: "chat, tools, structured answers, embeddings, Responses",
    },
  },
  {
    file: "test/compat/anthropic_sdk.py",
    path: "",
    client: {
      name: "Anthropic, Python",
      pip: "anthropic",
      works: "messages, streams, tools, structured answers, counting",
    },
  },
  {
    file: "test/compat/ollama_sdk.py",
    path: "",
    client: {
      name: "Ollama, Python",
      pip: "ollama",
      works: "chat, generate, tools, structured answers, embeddings, models",
    },
  },
  {
    file: "test/compat/openai",
    kind: "test",
    client: {
      name: "OpenAI, JavaScript",
      root: "openai",
      works: "chat, tools, structured answers, embeddings, Responses",
    },
  },
  {
    file: "test/compat/anthropic",
    kind: "test",
    client: {
      name: "Anthropic, JavaScript",
      root: "@anthropic-ai/sdk",
      works: "messages, streams, tools, structured answers, counting",
    },
  },
  {
    file: "test/compat/ollama",
    kind: "test",
    client: {
      name: "Ollama, JavaScript",
      root: "ollama",
      works: "chat, generate, tools, structured answers, embeddings, models",
    },
  },
  {
    file: "test/compat/gemini",
    kind: "test",
    client: {
      name: "Gemini (`@google/genai`)",
      root: "@google/genai",
      works: "`generateContent`, streamed too; chats, tools, structured answers, counting",
    },
  },
];

/** The command that runs it again. */
export function commandOf({ file, kind }: Example): string {
  if (kind === "test") return `npx vitest run --project model ${file}`;
  return `npm run examples -- ${file}`;
}
