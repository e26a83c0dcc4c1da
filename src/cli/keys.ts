// `sluice keys add|list|revoke`: the command that keeps the file of keys.

import { homedir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { SCOPES, type Scope } from "../keys/caller.ts";
import { hashOf, newKey } from "../keys/key-hash.ts";
import {
  changeKeysFile,
  type KeyEntry,
  KeysFileError,
  keyName,
  readKeysFile,
} from "../keys/keys-file.ts";

/** What it says: the key, or the list, apart from what is said about it. */
export type KeysOutput = { readonly out: string; readonly note: string | null };

/** What a key may do unless its scopes are given: all but what concerns others. */
const DEFAULT_SCOPES: readonly Scope[] = ["generate", "embed", "read"];

const ACTIONS = ["add", "list", "revoke"] as const;
type Action = (typeof ACTIONS)[number];

type Env = Readonly<Record<string, string | undefined>>;
type Flags = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
type Command = { readonly file: string; readonly names: readonly string[]; readonly flags: Flags };

/** @param args what follows `keys`. @throws KeysFileError one line: what is wrong, and what is allowed */
export function runKeysCommand(args: readonly string[], env: Env): KeysOutput {
  const [given, ...rest] = args;
  const action = ACTIONS.find((each) => each === given);
  if (!action) {
    const isHelp = given === undefined || given === "--help" || given === "-h";
    if (isHelp) return { out: helpText(null, env), note: null };
    throw new KeysFileError(`keys: allowed is ${ACTIONS.join(", ")} (see sluice keys --help)`);
  }
  const { values, positionals } = parse(action, rest);
  if (values.help) return { out: helpText(action, env), note: null };
  const file = values["keys-file"] ?? (env.SLUICE_KEYS_FILE || defaultFile(env));
  const command = { file: String(file), names: positionals, flags: values };
  switch (action) {
    case "add":
      return add(command);
    case "list":
      return list(command);
    case "revoke":
      return revoke(command);
  }
}

function add({ file, names, flags }: Command): KeysOutput {
  const name = onlyName("add", names);
  const checked = keyName.safeParse(name);
  if (!checked.success) throw new KeysFileError(`keys add: ${checked.error.issues[0]?.message}`);
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
    throw new KeysFileError(`keys add: there is a key ${name} in ${file} already; revoke it first`);
  });
  return {
    out: `${name}: ${key}`,
    note: `This is the only time that the key is shown: ${file} holds its hash. Servers with --keys-file ${file} know it within seconds.`,
  };
}

function list({ file, names }: Command): KeysOutput {
  if (names.length > 0) throw new KeysFileError("keys list: it takes no name");
  const rows = readKeysFile(file).map(({ name, scopes, limits, created }) => [
    name,
    scopes.join(","),
    shown(limits.concurrent),
    shown(limits.waiting),
    shown(limits.tokensPerMinute),
    created,
  ]);
  const head = ["NAME", "SCOPES", "CONCURRENT", "WAITING", "TOKENS/MIN", "CREATED"];
  return { out: asTable([head, ...rows]), note: null };
}

function revoke({ file, names }: Command): KeysOutput {
  const name = onlyName("revoke", names);
  readKeysFile(file); // one that is not there is not made
  changeKeysFile(file, (entries) => {
    const left = entries.filter((each) => each.name !== name);
    if (left.length < entries.length) return left;
    const known = entries.map((each) => each.name).join(", ") || "none";
    throw new KeysFileError(
      `keys revoke: there is no key ${JSON.stringify(name)}; there is: ${known}`,
    );
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
    throw new KeysFileError(`keys ${action}: ${message} (see sluice keys ${action} --help)`);
  }
}

function onlyName(action: Action, names: readonly string[]): string {
  const [name, ...others] = names;
  if (name !== undefined && others.length === 0) return name;
  throw new KeysFileError(`keys ${action}: it takes one name: sluice keys ${action} NAME`);
}

function scopesOf(given: Flags[string]): Scope[] {
  if (given === undefined) return [...DEFAULT_SCOPES];
  const names = [given].flat().flatMap((each) => String(each).split(","));
  return [...new Set(names)].map((name) => {
    const scope = SCOPES.find((each) => each === name.trim());
    if (scope) return scope;
    throw new KeysFileError(
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
  throw new KeysFileError(
    `keys add: --${flag} is ${JSON.stringify(given)}: allowed is an integer from ${min} to ${max}`,
  );
}

/** Where the command keeps keys unless it is told; the server reads no file that it was not given. */
function defaultFile(env: Env): string {
  const base = env.XDG_CONFIG_HOME || path.join(env.HOME || homedir(), ".config");
  return path.join(base, "sluice", "keys.json");
}

function shown(limit: number | null): string {
  return limit === null ? "-" : String(limit);
}

function asTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths?.[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const HELP: Readonly<Record<Action, readonly string[]>> = {
  add: [
    "usage: sluice keys add NAME [options]",
    "",
    "Makes a key and prints it, once: the file holds only its hash.",
    "",
    `  --scope SCOPE              ${SCOPES.join(", ")}; repeatable (default ${DEFAULT_SCOPES.join(", ")})`,
    "                             generate: answers, token counts, kept responses; embed: embeddings and rerank;",
    "                             read: metrics, slots, props; admin: the usage of all keys",
    "  --concurrent N             requests on slots at once; more of them wait (default: no limit)",
    "  --waiting N                requests that may wait; more get 429 (default: no limit)",
    "  --tokens-per-minute N      tokens of answers and of prompts that were not cached (default: no limit)",
  ],
  list: [
    "usage: sluice keys list [options]",
    "",
    "Names, scopes, limits and dates. Keys themselves are not kept.",
    "",
  ],
  revoke: [
    "usage: sluice keys revoke NAME [options]",
    "",
    "Forgets a key: requests with it are refused from then on, those inside may finish.",
    "",
  ],
};

function helpText(action: Action | null, env: Env): string {
  if (action) return [...HELP[action], fileHelp(env)].join("\n");
  return [
    "usage: sluice keys add NAME|list|revoke NAME [options]        or: npm start -- keys ...",
    "",
    "API keys of a server with --keys-file. `sluice keys add --help` says more, and so on.",
    "",
    fileHelp(env),
  ].join("\n");
}

function fileHelp(env: Env): string {
  return `  --keys-file PATH           the file of keys (default: SLUICE_KEYS_FILE, or ${defaultFile(env)})`;
}
