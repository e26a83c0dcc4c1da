// How each program that `sluice launch` starts is pointed at the server: variables, arguments and temporary files. Pure.
// None of them changes a configuration file of the user.

type LaunchTarget = {
  /** The server's address, without a path. */
  readonly url: string;
  /** Any text, where the server requires no key: the programs do not start without one. */
  readonly key: string;
  readonly model: string;
  /** Tokens of one request, prompt and answer together. */
  readonly contextTokens: number;
  /** An existing temporary folder, for the files of the setup. */
  readonly folder: string;
};

export type LaunchSetup = {
  readonly env: Readonly<Record<string, string>>;
  /** They stand before those of the user. */
  readonly args?: readonly string[];
  /** By their path in the folder. */
  readonly files?: Readonly<Record<string, string>>;
};

export type LaunchProgram = {
  readonly command: string;
  /** The command that installs it. */
  readonly install: string;
  /** The tokens that its instructions, its tools and a small task need. */
  readonly minContextTokens: number;
  readonly needsTools: boolean;
  readonly setup: (target: LaunchTarget) => LaunchSetup;
};

/** A local model may read a long prompt for minutes: no program gives up before an hour. */
const HOUR_MS = "3600000";

export const LAUNCH_PROGRAMS = {
  claude: {
    command: "claude",
    install: "npm i -g @anthropic-ai/claude-code",
    minContextTokens: 32_768,
    needsTools: true,
    setup: claude,
  },
  codex: {
    command: "codex",
    install: "npm i -g @openai/codex",
    minContextTokens: 16_384,
    needsTools: true,
    setup: codex,
  },
  gemini: {
    command: "gemini",
    install: "npm i -g @google/gemini-cli",
    minContextTokens: 16_384,
    needsTools: true,
    setup: gemini,
  },
  opencode: {
    command: "opencode",
    install: "npm i -g opencode-ai",
    minContextTokens: 16_384,
    needsTools: true,
    setup: opencode,
  },
  qwen: {
    command: "qwen",
    install: "npm i -g @qwen-code/qwen-code",
    minContextTokens: 32_768,
    needsTools: true,
    setup: qwen,
  },
  aider: {
    command: "aider",
    install: "pip install aider-chat",
    minContextTokens: 8192,
    needsTools: false,
    setup: aider,
  },
} satisfies Readonly<Record<string, LaunchProgram>>;

export type LaunchName = keyof typeof LAUNCH_PROGRAMS;

function claude({ url, key, model, contextTokens }: LaunchTarget): LaunchSetup {
  return {
    env: {
      ANTHROPIC_BASE_URL: url,
      ANTHROPIC_AUTH_TOKEN: key,
      ANTHROPIC_API_KEY: "", // one of the user's would be sent instead
      ANTHROPIC_MODEL: model,
      ANTHROPIC_DEFAULT_OPUS_MODEL: model,
      ANTHROPIC_DEFAULT_SONNET_MODEL: model,
      ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
      CLAUDE_CODE_MAX_CONTEXT_TOKENS: String(contextTokens),
      CLAUDE_CODE_MAX_OUTPUT_TOKENS: String(answerTokens(contextTokens)),
      // A line that differs in every session would stand at the start of the prompt: no prefix could be reused.
      CLAUDE_CODE_ATTRIBUTION_HEADER: "0",
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      CLAUDE_STREAM_IDLE_TIMEOUT_MS: HOUR_MS,
      API_TIMEOUT_MS: HOUR_MS,
    },
  };
}

/** Its settings are TOML, which takes a string and a table of JSON's strings. */
function codex({ url, key, model, contextTokens }: LaunchTarget): LaunchSetup {
  const text = (value: string) => JSON.stringify(value);
  const provider = [
    `name=${text("Sluice")}`,
    `base_url=${text(`${url}/v1`)}`,
    `env_key=${text("SLUICE_API_KEY")}`,
    `wire_api=${text("responses")}`,
    `stream_idle_timeout_ms=${HOUR_MS}`,
  ];
  const settings = [
    `model=${text(model)}`,
    `model_provider=${text("sluice")}`,
    `model_providers.sluice={${provider.join(",")}}`,
    `model_context_window=${contextTokens}`,
  ];
  return { env: { SLUICE_API_KEY: key }, args: settings.flatMap((each) => ["-c", each]) };
}

/**
 * It refuses a base URL without a setting that only a file can hold, and it ignores a system file that is not root's. So it gets
 * a new home folder that holds the setting.
 */
function gemini({ url, key, model, folder }: LaunchTarget): LaunchSetup {
  const settings = { security: { auth: { selectedType: "gemini-api-key" } } };
  return {
    env: {
      GOOGLE_GEMINI_BASE_URL: url,
      GEMINI_API_KEY: key,
      GEMINI_MODEL: model,
      GEMINI_CLI_HOME: folder,
    },
    files: { ".gemini/settings.json": JSON.stringify(settings) },
  };
}

function opencode({ url, key, model, contextTokens }: LaunchTarget): LaunchSetup {
  const limit = { context: contextTokens, output: answerTokens(contextTokens) };
  const provider = {
    npm: "@ai-sdk/openai-compatible",
    name: "Sluice",
    options: {
      baseURL: `${url}/v1`,
      apiKey: "{env:SLUICE_API_KEY}",
      timeout: false,
      headerTimeout: false,
      chunkTimeout: false,
    },
    models: { [model]: { name: model, limit } },
  };
  const config = {
    model: `sluice/${model}`,
    small_model: `sluice/${model}`,
    provider: { sluice: provider },
  };
  return { env: { SLUICE_API_KEY: key, OPENCODE_CONFIG_CONTENT: JSON.stringify(config) } };
}

function qwen({ url, key, model, contextTokens, folder }: LaunchTarget): LaunchSetup {
  const generationConfig = { contextWindowSize: contextTokens, timeout: Number(HOUR_MS) };
  const settings = {
    security: { auth: { selectedType: "openai" } },
    model: { name: model, generationConfig },
  };
  return {
    env: {
      OPENAI_BASE_URL: `${url}/v1`,
      OPENAI_API_KEY: key,
      OPENAI_MODEL: model,
      QWEN_CODE_SYSTEM_SETTINGS_PATH: `${folder}/settings.json`,
    },
    files: { "settings.json": JSON.stringify(settings) },
  };
}

function aider({ url, key, model, contextTokens, folder }: LaunchTarget): LaunchSetup {
  const name = `openai/${model}`;
  const limits = {
    max_input_tokens: contextTokens,
    max_output_tokens: answerTokens(contextTokens),
    litellm_provider: "openai",
    mode: "chat",
  };
  return {
    env: {
      OPENAI_API_BASE: `${url}/v1`,
      OPENAI_API_KEY: key,
      AIDER_MODEL: name,
      AIDER_MODEL_METADATA_FILE: `${folder}/models.json`,
      AIDER_TIMEOUT: String(Number(HOUR_MS) / 1000),
    },
    files: { "models.json": JSON.stringify({ [name]: limits }) },
  };
}

/** A quarter of the context: the programs keep this part free of the conversation. */
function answerTokens(contextTokens: number): number {
  return Math.min(32_000, Math.floor(contextTokens / 4));
}
