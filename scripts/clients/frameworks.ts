// Libraries: a small program of ours (programs/) uses each, through each of the APIs that it speaks.

import type { Client } from "./client.ts";

type Library = {
  readonly id: string;
  readonly title: string;
  readonly program: string;
  readonly npm?: readonly string[];
  readonly pip?: readonly string[];
  readonly apis: readonly Api[];
  readonly steps?: Client["steps"];
};

const API_NAMES = {
  openai: "OpenAI",
  chat: "OpenAI chat",
  responses: "OpenAI Responses",
  anthropic: "Anthropic",
  gemini: "Gemini",
  ollama: "Ollama",
};
type Api = keyof typeof API_NAMES;

const LIBRARIES: readonly Library[] = [
  {
    id: "litellm",
    title: "LiteLLM",
    pip: ["litellm"],
    program: "litellm_client.py",
    apis: ["openai", "anthropic", "gemini", "ollama"],
  },
  {
    id: "langgraph",
    title: "LangChain, LangGraph",
    pip: [
      ...["langgraph", "langchain-openai", "langchain-anthropic"],
      ...["langchain-google-genai", "langchain-ollama"],
    ],
    program: "langgraph_client.py",
    apis: ["openai", "anthropic", "gemini", "ollama"],
  },
  {
    id: "pydantic",
    title: "Pydantic AI",
    pip: ["pydantic-ai"],
    program: "pydantic_client.py",
    apis: ["openai", "anthropic", "gemini"],
  },
  {
    id: "agents",
    title: "OpenAI Agents",
    pip: ["openai-agents"],
    program: "agents_client.py",
    apis: ["responses", "chat"],
  },
  {
    id: "aisdk",
    title: "AI SDK",
    npm: [
      ...["ai", "@ai-sdk/openai", "@ai-sdk/anthropic", "@ai-sdk/google"],
      ...["ollama-ai-provider-v2", "zod"],
    ],
    program: "ai-sdk.mjs",
    apis: ["responses", "chat", "anthropic", "gemini", "ollama"],
  },
  {
    id: "llamaindex",
    title: "LlamaIndex",
    pip: ["llama-index-core", "llama-index-llms-openai-like", "llama-index-llms-ollama"],
    program: "llamaindex_client.py",
    apis: ["openai", "ollama"],
  },
  {
    id: "haystack",
    title: "Haystack",
    pip: ["haystack-ai", "ollama-haystack"],
    program: "haystack_client.py",
    apis: ["openai", "ollama"],
  },
  {
    id: "instructor",
    title: "Instructor",
    pip: ["instructor"],
    program: "instructor_client.py",
    apis: ["openai"],
  },
  {
    id: "inspect",
    title: "Inspect",
    pip: ["inspect-ai", "openai", "anthropic", "google-genai"],
    program: "inspect_client.py",
    apis: ["openai", "anthropic", "gemini"],
    steps: ["prompt", "tools", "overflow"],
  },
  {
    id: "lm-eval",
    title: "lm-evaluation-harness",
    pip: ["lm-eval[api]"],
    program: "lm_eval_client.py",
    apis: ["chat"],
    steps: ["prompt"],
  },
  {
    id: "aiperf",
    title: "AIPerf",
    pip: ["aiperf", "litellm"],
    program: "aiperf_client.py",
    apis: ["chat"],
    steps: ["stream"],
  },
];

export const FRAMEWORKS: readonly Client[] = LIBRARIES.flatMap(({ apis, id, title, ...rest }) =>
  apis.map((api) => ({
    ...rest,
    id: apis.length > 1 ? `${id}-${api}` : id,
    group: id,
    title: `${title} (${API_NAMES[api]})`,
    env: () => ({ SLUICE_API: api }),
  })),
);
