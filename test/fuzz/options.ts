// The options of `npm run fuzz`.

import { parseArgs } from "node:util";
import { ENDPOINTS } from "./requests/valid-bodies.ts";

const ENDPOINT_NAMES = [...new Set(ENDPOINTS.map(({ name }) => name))];
/** What can be run alone. */
/** Those that are no requests of a round. */
export const APART = ["models", "memory"];
const PARTS = [
  ...ENDPOINT_NAMES,
  ...["paths", "prompts", "raw", "upgrades", "sockets", "tokens", "costly"],
  ...APART,
];

export type FuzzOptions = {
  readonly seed: number;
  /** Of all rounds together. */
  readonly bodies: number;
  /** Null: all parts. */
  readonly only: string | null;
  /** Null: one is started. */
  readonly url: string | null;
};

export type Command =
  | { readonly type: "help"; readonly text: string }
  | { readonly type: "fuzz"; readonly options: FuzzOptions };

/** What the one who started it can mend. */
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
  return new OptionError(`--${flag} is ${given}: allowed is ${allowed}`);
}

function helpText(): string {
  return `npm run fuzz -- [options]

Starts the built server with the built-in model and sends it what no client should: changed bodies of every endpoint,
strange paths and methods, broken byte streams, upgrades between other requests, control tokens in texts, bodies that cost much
work, and bodies without an end; to a second server, with a key, what no WebSocket client should send; and models with a broken
head to the check of models. Every answer is held to what the API promises, and so is GET /health meanwhile; in
between the server must be idle, serve a plain chat, and hold no more memory. Exits with 1 on any finding.

  --seed N      the same requests again (default: another one each time; it is printed)
  --bodies N    changed bodies (default ${FLAGS.bodies.default}); other parts come in proportion
  --only NAME   ${PARTS.join(", ")}
  --url URL     a server that runs already, without a key; its log and memory are not seen, and it gets no WebSockets`;
}
