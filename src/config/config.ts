// Every setting, once: its flag, its variable, its default, what it allows, and its line in --help.

import { fileURLToPath } from "node:url";
import { z } from "zod";
import { NETWORK_SETTINGS } from "./network-settings.ts";
import { count, flag, list, SECONDS_ALLOWED, seconds, setting, timeLimit } from "./setting.ts";

/** Key `drainTimeoutMs` is flag `--drain-timeout` (in seconds) and variable `SLUICE_DRAIN_TIMEOUT`. */
export const SETTINGS = {
  model: setting({
    schema: z
      .string()
      .min(1)
      .default(fileURLToPath(new URL("../../models/builtin.gguf", import.meta.url))),
    value: "PATH",
    help: "GGUF file to serve (default: the built-in model)",
    allows: "a path to a .gguf file",
  }),
  alias: setting({
    schema: list.default([]),
    value: "NAME",
    help: "name that clients use for the model, instead of its file's; repeatable; '*' serves any name",
    allows: "a name",
    isList: true,
  }),
  embeddingModel: setting({
    schema: z.string().min(1).optional(),
    value: "PATH",
    help: "GGUF file for /v1/embeddings (default: the served model)",
    allows: "a path to a .gguf file",
  }),
  rerankModel: setting({
    schema: z.string().min(1).optional(),
    value: "PATH",
    help: "GGUF file for /v1/rerank (default: the embedding model)",
    allows: "a path to a .gguf file",
  }),
  ...NETWORK_SETTINGS,
  slots: setting({
    schema: count(1, 256).default(4),
    value: "N",
    help: "requests that generate at the same time (default 4)",
    allows: "an integer from 1 to 256",
  }),
  context: setting({
    schema: count(16, 16_777_216).optional(),
    value: "N",
    help: "tokens per slot, prompt and answer together, rounded up to a multiple of 256 (default: what the model was trained for, 4096 at most)",
    allows: "an integer from 16 to 16777216",
  }),
  threads: setting({
    schema: count(1, 1024).optional(),
    value: "N",
    help: "CPU threads for generation at most (default: the CPUs it may use)",
    allows: "an integer from 1 to 1024",
  }),
  threadGovernor: setting({
    schema: flag.default(true),
    value: "ON",
    help: "on or off: fewer threads while other processes need the CPUs (default on)",
    allows: "on or off",
  }),
  gpu: setting({
    schema: z.enum(["auto", "cuda", "metal", "vulkan", "off"]).default("auto"),
    value: "KIND",
    help: "auto, cuda, metal, vulkan or off (default auto)",
    allows: "auto, cuda, metal, vulkan or off",
  }),
  gpuLayers: setting({
    schema: count(0, 10_000).optional(),
    value: "N",
    help: "layers to put on the GPU (default: as many as fit)",
    allows: "an integer from 0 to 10000",
  }),
  flashAttention: setting({
    schema: flag.default(true),
    value: "ON",
    help: "on or off (default on)",
    allows: "on or off",
  }),
  batchSize: setting({
    schema: count(1, 65_536).optional(),
    value: "N",
    help: "tokens of one decode step, also the largest slice of a prompt (default 128 on CPU, 512 on GPU)",
    allows: "an integer from 1 to 65536",
  }),
  stepTargetMs: setting({
    schema: count(0, 600_000).optional(),
    value: "N",
    help: "milliseconds that a step may take which reads a slice of a prompt beside running streams; 0 reads whole batches (default: 2.5 times a step without a slice)",
    allows: "an integer from 0 to 600000",
  }),
  maxTokens: setting({
    schema: count(1, 16_777_216).optional(),
    value: "N",
    help: "answer limit for requests that set none (default: the rest of the context)",
    allows: "an integer from 1 to 16777216",
  }),
  queue: setting({
    schema: count(0, 100_000).default(64),
    value: "N",
    help: "requests that may wait for a slot; more get 429 (default 64)",
    allows: "an integer from 0 to 100000",
  }),
  streamBuffer: setting({
    schema: count(1, 1_073_741_824).default(65_536),
    value: "BYTES",
    help: "text that may wait for a slow reader before its stream is parked (default 65536)",
    allows: "an integer from 1 to 1073741824",
  }),
  responseStore: setting({
    schema: count(0, 1_099_511_627_776).default(67_108_864),
    value: "BYTES",
    help: "memory for kept responses (POST /v1/responses); keys share it, the oldest of the key that keeps most go first, 0 keeps none (default 67108864)",
    allows: "an integer from 0 to 1099511627776",
  }),
  bodyLimit: setting({
    schema: count(1024, 1_073_741_824).default(4_194_304),
    value: "BYTES",
    help: "largest request body (default 4194304)",
    allows: "an integer from 1024 to 1073741824",
  }),
  bodyMemory: setting({
    schema: count(4096, 1_099_511_627_776).default(268_435_456),
    value: "BYTES",
    help: "memory for the bodies of all requests until they end; more get 503, one client has as much as it leaves free (default 268435456)",
    allows: "an integer from 4096 to 1099511627776, at least twice --body-limit",
  }),
  queueTimeoutMs: timeLimit(600, "wait for a slot at most so long"),
  bufferedQueueTimeoutMs: timeLimit(
    240,
    "so does a request without a stream: its client has no headers until it is done",
  ),
  firstTokenTimeoutMs: setting({
    schema: seconds.optional(),
    value: "SECONDS",
    help: "a request without a token by then is refused (default: no limit)",
    allows: SECONDS_ALLOWED,
  }),
  requestTimeoutMs: timeLimit(
    3600,
    "one request may take so long in all; then its answer ends with what there is",
  ),
  stallTimeoutMs: timeLimit(
    60,
    "a reader that does not take what waits for it for so long is cut off",
  ),
  flexWaitMs: timeLimit(
    60,
    "a request of service_tier flex that has waited so long is no longer put last",
  ),
  parkTimeoutMs: timeLimit(2, "a parked stream gives up its slot after so long if others wait"),
  loadTimeoutMs: timeLimit(600, "the model must be loaded by then"),
  hangTimeoutMs: timeLimit(20, "a worker silent for so long is replaced"),
  stepTimeoutMs: timeLimit(300, "so is one whose decode step takes so long"),
  restartDelayMs: timeLimit(
    30,
    "one that dies again and again is started anew after a longer and longer while, at most so long",
  ),
  embeddingIdleTimeoutMs: timeLimit(
    300,
    "a worker for embeddings or rerank that has nothing to do for so long ends",
  ),
  page: setting({
    schema: flag.default(true),
    value: "ON",
    help: "on or off: the chat page at / (default on)",
    allows: "on or off",
  }),
  resumable: setting({
    schema: flag.default(false),
    help: "every stream survives its connection, not only those that ask for it (X-Resumable: true)",
    allows: "on or off",
  }),
  resumeGraceMs: timeLimit(30, "a client that was lost may come back to such a stream for so long"),
  resumeBuffer: setting({
    schema: count(65_536, 1_099_511_627_776).default(67_108_864),
    value: "BYTES",
    help: "memory for all such streams (default 67108864); each has a 64th of it, then it waits for its reader",
    allows: "an integer from 65536 to 1099511627776",
  }),
  responseTtlMs: timeLimit(3600, "a response is kept for so long after it has ended"),
  drainTimeoutMs: timeLimit(30, "streams may finish so long after SIGTERM"),
  heartbeatMs: setting({
    schema: seconds.default(5000),
    value: "SECONDS",
    help: "a comment keeps a quiet stream alive this often (default 5)",
    allows: SECONDS_ALLOWED,
  }),
  apiKey: setting({
    schema: z
      .array(
        z
          .string()
          .trim()
          .regex(/^[\x21-\x7e]+$/),
      )
      .default([]),
    value: "KEY",
    help: "key that clients must send; repeatable (default: none is asked for)",
    allows: "a key of printable ASCII characters without spaces",
    isList: true,
  }),
  keysFile: setting({
    schema: z.string().min(1).optional(),
    value: "PATH",
    help: "file of keys with names, scopes and limits, made by `sluice keys add` (default: none)",
    allows: "a path to a file of keys",
  }),
  allowNoKey: setting({
    schema: flag.default(false),
    help: "listen on a non-loopback host without a key",
    allows: "on or off",
  }),
  allowGrammar: setting({
    schema: flag.default(false),
    help: "take grammars (GBNF) from clients: a hostile one can hold everybody up",
    allows: "on or off",
  }),
  sharedCache: setting({
    schema: flag.default(false),
    help: "one prefix cache for all API keys: faster, but who measures times learns what others have asked",
    allows: "on or off",
  }),
  strict: setting({
    schema: flag.default(false),
    help: "refuse unknown request fields instead of naming them in x-ignored-params",
    allows: "on or off",
  }),
  logLevel: setting({
    schema: z.enum(["silent", "error", "warn", "info", "debug"]).default("info"),
    value: "LEVEL",
    help: "silent, error, warn, info or debug (default info)",
    allows: "silent, error, warn, info or debug",
  }),
  logFormat: setting({
    schema: z.enum(["text", "json"]).default("text"),
    value: "FORMAT",
    help: "text or json (default text)",
    allows: "text or json",
  }),
} as const;

type Settings = typeof SETTINGS;
export type SettingKey = keyof Settings;

/** All settings, checked. Durations are in milliseconds, sizes in bytes or tokens as their help says. */
export type Config = { readonly [K in SettingKey]: z.output<Settings[K]["schema"]> };

/** All defaults, with some settings changed: for tests and embedding. Durations are in milliseconds here too. */
export function configWith(changes: Partial<Config>): Config {
  const defaults = (Object.keys(SETTINGS) as SettingKey[]).map((key) => [
    key,
    SETTINGS[key].schema.parse(undefined),
  ]);
  return { ...(Object.fromEntries(defaults) as Config), ...changes };
}
