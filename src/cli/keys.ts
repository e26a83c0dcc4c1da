// `sluice keys add|list|revoke`: the command that edits the keys file.

import { homedir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { SCOPES, type Scope } from "../keys/caller.ts";
import { hashOf, newKey } from "../keys/key-hash.ts";
import { changeKeysFile, type KeyEntry, keyName, readKeysFile } from "../keys/keys-file.ts";
import { CommandError } from "./command-error.ts";
import { programName } from "./program-name.ts";
import { asTable } from "./text/table.ts";

export type KeysOutput = {
  /** The key or the list, for standard output. */
  readonly out: string;
  /** An explanation, for standard error. */
  readonly note: string | null;
};

/** A key without --scope may do everything that does not concern other keys. */
const DEFAULT_SCOPES: readonly Scope[] = ["generate", "embed", "read"];

const ACTIONS = { add, list, revoke };
type Action = keyof typeof ACTIONS;

type Env = Readonly<Record<string, string | undefined>>;
type Flags = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
type Command = {
  readonly file: string;
  readonly names: readonly string[];
  readonly flags: Flags;
  readonly program: string;
};

/** @throws CommandError or KeysFileError */
export async function runKeys(args: readonly string[], env: Env): Promise<void> {
  const { out, note } = runKeysCommand(args, env);
  console.log(out);
  if (note !== null) console.error(note);
}

/** @param args the words after `keys`. @throws CommandError or KeysFileError */
export function runKeysCommand(args: readonly string[], env: Env): KeysOutput {
  const [given, ...rest] = args;
  if (!isAction(given)) {
    const isHelp = given === undefined || given === "--help" || given === "-h";
    if (isHelp) return { out: helpText(null, env), note: null };
    throw new CommandError(
      `keys: the first word must be one of ${Object.keys(ACTIONS).join(", ")} (see sluice keys --help)`,
    );
  }
  const { values, positionals } = parse(given, rest);
  if (values.help) return { out: helpText(given, env), note: null };
  const file = values["keys-file"] ?? (env.SLUICE_KEYS_FILE || defaultFile(env));
  return ACTIONS[given]({
    file: String(file),
    names: positionals,
    flags: values,
    program: programName(env),
  });
}

function isAction(word: string | undefined): word is Action {
  return word !== undefined && Object.hasOwn(ACTIONS, word);
}

function add({ file, names, flags }: Command): KeysOutput {
  const name = onlyName("add", names);
  const checked = keyName.safeParse(name);
  if (!checked.success) throw new CommandError(`keys add: ${checked.error.issues[0]?.message}`);
  const key = newKey();
  const entry: KeyEntry = {
    name,
    sha256: hashOf(key).toString("hex"),
    scopes: scopesOf(flags.scope),
    limits: {
      concurrent: countOf(flags, "concurrent", 1),
      waiting: countOf(flags, "waiting", 0),
      tokensPerMinute: countOf(flags, "tokens-per-minute", 1),
    },
    created: new Date().toISOString(),
  };
  changeKeysFile(file, (entries) => {
    if (!entries.some((each) => each.name === name)) return [...entries, entry];
    throw new CommandError(`keys add: ${file} already has a key ${name}; revoke it first`);
  });
  return {
    out: `${name}: ${key}`,
    note: `The key is shown only this time: ${file} holds only its hash. Servers with --keys-file ${file} accept it within seconds.`,
  };
}

function list({ file, names, program }: Command): KeysOutput {
  if (names.length > 0) throw new CommandError("keys list: takes no name");
  const rows = readKeysFile(file, program).map(({ name, scopes, limits, created }) => [
    name,
    scopes.join(","),
    String(limits.concurrent ?? "-"),
    String(limits.waiting ?? "-"),
    String(limits.tokensPerMinute ?? "-"),
    created,
  ]);
  const head = ["NAME", "SCOPES", "CONCURRENT", "WAITING", "TOKENS/MIN", "CREATED"];
  return { out: asTable([head, ...rows]), note: null };
}

function revoke({ file, names, program }: Command): KeysOutput {
  const name = onlyName("revoke", names);
  readKeysFile(file, program); // throws when there is no file: it must not be created here
  changeKeysFile(file, (entries) => {
    const left = entries.filter((each) => each.name !== name);
    if (left.length < entries.length) return left;
    const known = entries.map((each) => each.name).join(", ") || "none";
    throw new CommandError(`keys revoke: there is no key ${JSON.stringify(name)}; keys: ${known}`);
  });
  return { out: `revoked ${name}`, note: null };
}

const FILE = { "keys-file": { type: "string" }, help: { type: "boolean", short: "h" } } as const;
const LIMITS = {
  scope: { type: "string", multiple: true },
  concurrent: { type: "string" },
  waiting: { type: "string" },
  "tokens-per-minute": { type: "string" },
} as const;

function parse(action: Action, args: readonly string[]) {
  const options = action === "add" ? { ...FILE, ...LIMITS } : FILE;
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true }) as {
      values: Flags;
      positionals: string[];
    };
  } catch (error) {
    const [message] = (error as Error).message.split("\n");
    throw new CommandError(`keys ${action}: ${message} (see sluice keys ${action} --help)`);
  }
}

function onlyName(action: Action, names: readonly string[]): string {
  const [name, ...others] = names;
  if (name !== undefined && others.length === 0) return name;
  throw new CommandError(`keys ${action}: takes one name: sluice keys ${action} NAME`);
}

function scopesOf(given: Flags[string]): Scope[] {
  if (given === undefined) return [...DEFAULT_SCOPES];
  const names = [given].flat().flatMap((each) => String(each).split(","));
  return [...new Set(names)].map((name) => {
    const scope = SCOPES.find((each) => each === name.trim());
    if (scope) return scope;
    throw new CommandError(
      `keys add: --scope is ${JSON.stringify(name)}: allowed is ${SCOPES.join(", ")}`,
    );
  });
}

const MAX_COUNT = 1_000_000;
const MAX_TOKENS = 1_000_000_000;

function countOf(flags: Flags, flag: string, min: number): number | null {
  const given = flags[flag];
  if (given === undefined) return null;
  const max = flag === "tokens-per-minute" ? MAX_TOKENS : MAX_COUNT;
  const count = /^\d+$/.test(String(given)) ? Number(given) : Number.NaN;
  if (count >= min && count <= max) return count;
  throw new CommandError(
    `keys add: --${flag} is ${JSON.stringify(given)}: allowed is an integer from ${min} to ${max}`,
  );
}

/** The command's default; the server reads a keys file only when it is given one. */
function defaultFile(env: Env): string {
  const base = env.XDG_CONFIG_HOME || path.join(env.HOME || homedir(), ".config");
  return path.join(base, "sluice", "keys.json");
}

const HELP: Readonly<Record<Action, string>> = {
  add: `usage: sluice keys add NAME [options]

Makes a key and prints it once: the file holds only its hash.

  --scope SCOPE          what the key may do; repeatable (default: ${DEFAULT_SCOPES.join(", ")})
                           generate  answers, token counts, stored responses
                           embed     embeddings and reranking
                           read      metrics, slots, server properties
                           admin     the usage of all keys
  --concurrent N         requests in slots at the same time; others wait (default: no limit)
  --waiting N            requests that may wait; further ones get a 429 (default: no limit)
  --tokens-per-minute N  tokens of answers and of uncached prompts (default: no limit)`,
  list: `usage: sluice keys list [options]

Lists names, scopes, limits and dates. The keys themselves are not stored.
`,
  revoke: `usage: sluice keys revoke NAME [options]

Deletes a key: new requests with it are refused, running ones may finish.
`,
};

const HELP_OF_ALL = `usage: sluice keys add NAME [options]     make a key
       sluice keys list                   list the keys
       sluice keys revoke NAME            delete a key

Manages the API keys of a server with --keys-file. More: sluice keys add --help
`;

function helpText(action: Action | null, env: Env): string {
  const file = `(default: SLUICE_KEYS_FILE, or ${defaultFile(env)})`;
  return `${action ? HELP[action] : HELP_OF_ALL}
  --keys-file PATH       the keys file
                         ${file}`;
}
