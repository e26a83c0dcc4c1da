// Options of `npm run fuzz`.

import { parseArgs } from "node:util";
import { ENDPOINTS } from "./requests/valid-bodies.ts";

const ENDPOINT_NAMES = [...new Set(ENDPOINTS.map(({ name }) => name))];
/** Parts that are not requests of a round. */
export const SEPARATE_PARTS = ["models", "memory"];
const PARTS = [
  ...ENDPOINT_NAMES,
  "paths",
  "prompts",
  "raw",
  "upgrades",
  "sockets",
  "tokens",
  "costly",
  ...SEPARATE_PARTS,
];

export type FuzzOptions = {
  readonly seed: number;
  /** Number of bodies over all rounds. */
  readonly bodies: number;
  /** Null for all parts. */
  readonly only: string | null;
  /** Null to start a server. */
  readonly url: string | null;
};

export type Command =
  | { readonly type: "help"; readonly text: string }
  | { readonly type: "fuzz"; readonly options: FuzzOptions };

/** An error that the user can fix. */
export class OptionError extends Error {
  override readonly name = "OptionError";
}

const FLAGS = {
  seed: { type: "string" },
  bodies: { type: "string", default: "20000" },
  only: { type: "string" },
  url: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
} as const;

/** @throws OptionError */
export function readCommand(args: readonly string[]): Command {
  const values = parse(args);
  if (values.help) return { type: "help", text: helpText() };
  const { only = null, url = null } = values;
  if (only !== null && !PARTS.includes(only))
    throw wrong("only", only, `one of ${PARTS.join(", ")}`);
  if (url !== null && !URL.canParse(url)) throw wrong("url", url, "http://host:port");
  const seed = values.seed === undefined ? Date.now() % 2 ** 31 : count("seed", values.seed);
  return { type: "fuzz", options: { seed, bodies: count("bodies", values.bodies), only, url } };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS }).values;
  } catch (error) {
    throw new OptionError(`${(error as Error).message.split(/\. |\n/)[0]} (see --help)`);
  }
}

function count(flag: string, given: string): number {
  if (/^\d{1,9}$/.test(given) && Number(given) > 0) return Number(given);
  throw wrong(flag, given, "a whole number above 0");
}

function wrong(flag: string, given: string, allowed: string): OptionError {
  return new OptionError(`--${flag} is ${given}; use ${allowed}`);
}

function helpText(): string {
  return `npm run fuzz -- [options]

Starts the built server with the built-in model and sends it hostile input: mutated bodies of every endpoint, odd
paths and methods, broken byte streams, upgrades between other requests, control tokens in texts, costly bodies, and
bodies without an end. A second server with a key gets hostile WebSocket messages, and the model check gets models with
broken headers. Every answer must follow the API, and GET /health must stay fast. Between rounds the server must be
idle, serve a plain chat, and use no more memory. Exits with 1 on any finding.

  --seed N      repeat the requests of this seed (default: a new seed each time; it is printed)
  --bodies N    number of mutated bodies (default ${FLAGS.bodies.default}); other parts are in proportion
  --only NAME   ${PARTS.join(", ")}
  --url URL     use a running server without a key; its log and memory are not checked, and it gets no WebSockets`;
}
