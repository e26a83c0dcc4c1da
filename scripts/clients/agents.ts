// The coding agents and terminal programs: how each is pointed at the server, and asked one question without its screen.

import type { Client, Target } from "./client.ts";

const KEY = "none";

const openai = ({ url }: Target) => ({ OPENAI_API_KEY: KEY, OPENAI_BASE_URL: `${url}/v1` });

export const AGENTS: readonly Client[] = [
  {
    id: "claude",
    title: "Claude Code",
    npm: ["@anthropic-ai/claude-code"],
    program: "claude",
    env: ({ url, model }) => ({
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_API_KEY: KEY,
      ANTHROPIC_MODEL: model,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      CLAUDE_CODE_ATTRIBUTION_HEADER: "0",
    }),
    prompt: (text) => ["-p", text],
    tools: ["Read"],
  },
  {
    id: "codex",
    title: "Codex CLI",
    npm: ["@openai/codex"],
    program: "codex",
    env: () => ({ SLUICE_API_KEY: KEY }),
    files: ({ url, model, context }) => ({
      ".codex/config.toml": [
        `model = "${model}"`,
        'model_provider = "sluice"',
        `model_context_window = ${context}`,
        "[model_providers.sluice]",
        'name = "Sluice"',
        `base_url = "${url}/v1"`,
        'env_key = "SLUICE_API_KEY"',
        'wire_api = "responses"',
        "",
      ].join("\n"),
    }),
    prompt: (text) => ["exec", "--skip-git-repo-check", text],
    tools: ["get_goal"],
  },
  {
    id: "gemini",
    title: "Gemini CLI",
    npm: ["@google/gemini-cli"],
    program: "gemini",
    env: ({ url, model }) => ({
      GEMINI_API_KEY: KEY,
      GOOGLE_GEMINI_BASE_URL: url,
      GEMINI_MODEL: model,
    }),
    files: () => ({
      ".gemini/settings.json": JSON.stringify({
        security: { auth: { selectedType: "gemini-api-key" } },
      }),
    }),
    prompt: (text) => ["--skip-trust", "-p", text],
    tools: ["list_directory", "read_file"],
  },
  {
    id: "copilot",
    title: "Copilot CLI",
    npm: ["@github/copilot"],
    program: "copilot",
    env: ({ url, model }) => ({
      COPILOT_PROVIDER_BASE_URL: `${url}/v1`,
      COPILOT_PROVIDER_API_KEY: KEY,
      COPILOT_MODEL: model,
      COPILOT_OFFLINE: "true",
    }),
    prompt: (text) => ["-p", text, "--allow-tool", "view"],
    tools: ["list_bash", "list_agents", "view"],
  },
  {
    id: "opencode",
    title: "opencode",
    npm: ["opencode-ai"],
    program: "opencode",
    env: ({ url, model, context }) => ({
      OPENCODE_CONFIG_CONTENT: JSON.stringify({
        model: `sluice/${model}`,
        small_model: `sluice/${model}`,
        provider: {
          sluice: {
            npm: "@ai-sdk/openai-compatible",
            name: "Sluice",
            options: { baseURL: `${url}/v1`, apiKey: KEY },
            models: { [model]: { name: model, limit: { context, output: 1024 } } },
          },
        },
      }),
    }),
    prompt: (text) => ["run", text],
    tools: ["read", "todowrite"],
  },
  {
    id: "qwen",
    title: "Qwen Code",
    npm: ["@qwen-code/qwen-code"],
    program: "qwen",
    env: (target) => ({ ...openai(target), OPENAI_MODEL: target.model }),
    prompt: (text) => ["--auth-type", "openai", "-p", text],
    tools: ["get_goal", "list_agents", "read_file"],
  },
  {
    id: "cline",
    title: "Cline CLI",
    npm: ["cline"],
    program: "cline",
    setup: ({ url, model }) => [
      "auth",
      "--provider",
      "openai-compatible",
      "--apikey",
      KEY,
      "--baseurl",
      `${url}/v1`,
      "--modelid",
      model,
    ],
    prompt: (text, { model }) => ["--json", "-P", "openai-compatible", "-m", model, text],
    tools: ["read_files", "search_codebase"],
  },
  {
    id: "continue",
    title: "Continue CLI",
    npm: ["@continuedev/cli"],
    program: "cn",
    files: ({ url, model, context }) => ({
      "continue.yaml": [
        "name: sluice",
        "version: 1.0.0",
        "schema: v1",
        "models:",
        "  - name: sluice",
        "    provider: openai",
        `    model: ${model}`,
        `    apiBase: ${url}/v1`,
        `    apiKey: ${KEY}`,
        `    defaultCompletionOptions: { contextLength: ${context}, maxTokens: 256 }`,
        "",
      ].join("\n"),
    }),
    prompt: (text, { home }) => ["--config", `${home}/continue.yaml`, "-p", text],
    tools: ["List", "Read"],
  },
  {
    id: "aider",
    title: "aider (OpenAI)",
    pip: ["aider-chat"],
    group: "aider",
    program: "aider",
    env: ({ url }) => ({ OPENAI_API_BASE: `${url}/v1`, OPENAI_API_KEY: KEY }),
    prompt: (text, { model }) => aider(`openai/${model}`, text),
  },
  {
    id: "aider-ollama",
    title: "aider (Ollama)",
    pip: ["aider-chat"],
    group: "aider",
    program: "aider",
    env: ({ url }) => ({ OLLAMA_API_BASE: url }),
    prompt: (text, { model }) => aider(`ollama_chat/${model}`, text),
  },
  {
    id: "llm",
    title: "llm",
    pip: ["llm"],
    program: "llm",
    files: ({ url, model }) => ({
      ".config/io.datasette.llm/extra-openai-models.yaml": [
        "- model_id: sluice",
        `  model_name: ${model}`,
        `  api_base: ${url}/v1`,
        "  supports_tools: true",
        "",
      ].join("\n"),
    }),
    env: () => ({ OPENAI_API_KEY: KEY }),
    prompt: (text) => ["-m", "sluice", "-T", "llm_version", text],
    tools: ["llm_version"],
  },
  {
    id: "guidellm",
    title: "GuideLLM",
    pip: ["guidellm"],
    program: "guidellm",
    files: () => ({ "work/prompts.jsonl": '{"prompt":"Hello, who are you?"}\n' }),
    prompt: (_, { url, model }) => [
      ...["run", "--backend", `kind=openai_http,target=${url},model=${model}`],
      ...["--profile", "kind=synchronous", "--constraint", "kind=max_requests,count=1"],
      ...["--data", "kind=json_file,path=prompts.jsonl"],
      ...["--output", "kind=console", "--disable-progress"],
    ],
    steps: ["prompt", "stream"],
  },
  {
    id: "open-webui",
    title: "Open WebUI",
    program: "open-webui",
    notRun: "not run: its installation (with PyTorch) takes longer than 10 minutes",
  },
];

function aider(model: string, text: string): readonly string[] {
  const quiet = ["--no-git", "--yes-always", "--no-check-update", "--no-show-model-warnings"];
  return [...quiet, "--no-analytics", "--no-detect-urls", "--model", model, "--message", text];
}
