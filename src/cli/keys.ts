// `sluice keys add|set|list|revoke|usage`: the command that edits the keys file, and prints what keys have used.

import { homedir } from "node:os";
import path from "node:path";
import { type ParseArgsConfig, parseArgs } from "node:util";
import { NO_LIMITS } from "../keys/caller.ts";
import { hashOf, newKey } from "../keys/key-hash.ts";
import { changeKeysFile, type KeyEntry, keyName, readKeysFile } from "../keys/keys-file.ts";
import { CommandError } from "./command-error.ts";
import { type Flags, KEY_FLAGS, limitsOf, scopesOf } from "./keys/key-flags.ts";
import { DEFAULT_SCOPES, type KeysAction, keysHelp } from "./keys/keys-help.ts";
import { USAGE_FLAGS, usageTable } from "./keys/keys-usage.ts";
import { programName } from "./program-name.ts";
import { asTable } from "./text/table.ts";

export type KeysOutput = {
  /** The key or the list, for standard output. */
  readonly out: string;
  /** An explanation, for standard error. */
  readonly note: string | null;
};

const ACTIONS: Readonly<Record<KeysAction, (command: KeysCommand) => KeysOutput>> = {
  add,
  set,
  list,
  revoke,
  usage,
};

type Env = Readonly<Record<string, string | undefined>>;
type KeysCommand = {
  readonly file: string;
  readonly names: readonly string[];
  readonly flags: Flags;
  readonly env: Env;
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
    if (isHelp) return { out: keysHelp(null, defaultFile(env)), note: null };
    throw new CommandError(
      `keys: the first word must be one of ${Object.keys(ACTIONS).join(", ")} (see sluice keys --help)`,
    );
  }
  const { values, positionals } = parse(given, rest);
  if (values.help) return { out: keysHelp(given, defaultFile(env)), note: null };
  const file = values["keys-file"] ?? (env.SLUICE_KEYS_FILE || defaultFile(env));
  return ACTIONS[given]({
    file: String(file),
    names: positionals,
    flags: values,
    env,
    program: programName(env),
  });
}

function isAction(word: string | undefined): word is KeysAction {
  return word !== undefined && Object.hasOwn(ACTIONS, word);
}

function add({ file, names, flags }: KeysCommand): KeysOutput {
  const name = onlyName("add", names);
  const checked = keyName.safeParse(name);
  if (!checked.success) throw new CommandError(`keys add: ${checked.error.issues[0]?.message}`);
  const key = newKey();
  const entry: KeyEntry = {
    name,
    sha256: hashOf(key).toString("hex"),
    scopes: [...scopesOf(flags.scope, DEFAULT_SCOPES, "add")],
    limits: limitsOf(flags, NO_LIMITS, "add"),
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

function set({ file, names, flags, program }: KeysCommand): KeysOutput {
  const name = onlyName("set", names);
  readKeysFile(file, program); // throws when there is no file: it must not be created here
  changeKeysFile(file, (entries) => {
    requireKey(name, entries, "set");
    return entries.map((each) => (each.name === name ? changed(each, flags) : each));
  });
  return { out: `changed ${name}`, note: null };
}

function changed(entry: KeyEntry, flags: Flags): KeyEntry {
  return {
    ...entry,
    scopes: [...scopesOf(flags.scope, entry.scopes, "set")],
    limits: limitsOf(flags, entry.limits, "set"),
  };
}

function list({ file, names, program }: KeysCommand): KeysOutput {
  if (names.length > 0) throw new CommandError("keys list: takes no name");
  const rows = readKeysFile(file, program).map(({ name, scopes, limits, created }) => [
    name,
    scopes.join(","),
    String(limits.concurrent ?? "-"),
    String(limits.waiting ?? "-"),
    String(limits.tokensPerMinute ?? "-"),
    String(limits.tokensPerDay ?? "-"),
    String(limits.tokensPerMonth ?? "-"),
    created,
  ]);
  const head = [
    "NAME",
    "SCOPES",
    "CONCURRENT",
    "WAITING",
    "TOKENS/MIN",
    "/DAY",
    "/MONTH",
    "CREATED",
  ];
  return { out: asTable([head, ...rows]), note: null };
}

function revoke({ file, names, program }: KeysCommand): KeysOutput {
  const name = onlyName("revoke", names);
  readKeysFile(file, program); // throws when there is no file: it must not be created here
  changeKeysFile(file, (entries) => {
    requireKey(name, entries, "revoke");
    return entries.filter((each) => each.name !== name);
  });
  return { out: `revoked ${name}`, note: null };
}

function usage({ names, flags, env }: KeysCommand): KeysOutput {
  const name = names.length === 0 ? null : onlyName("usage", names);
  return {
    out: usageTable({ name, flags, folder: env.SLUICE_USAGE_DIR || undefined }),
    note: null,
  };
}

/** @throws CommandError that names the keys of the file */
function requireKey(name: string, entries: readonly KeyEntry[], action: KeysAction): void {
  const known = entries.map((each) => each.name);
  if (known.includes(name)) return;
  const keys = known.join(", ") || "none";
  throw new CommandError(`keys ${action}: there is no key ${JSON.stringify(name)}; keys: ${keys}`);
}

const HELP_FLAG = { help: { type: "boolean", short: "h" } } as const;
const FILE = { "keys-file": { type: "string" }, ...HELP_FLAG } as const;
const FLAGS: Readonly<Record<KeysAction, NonNullable<ParseArgsConfig["options"]>>> = {
  add: { ...FILE, ...KEY_FLAGS },
  set: { ...FILE, ...KEY_FLAGS },
  list: FILE,
  revoke: FILE,
  usage: { ...HELP_FLAG, ...USAGE_FLAGS },
};

function parse(action: KeysAction, args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: FLAGS[action], allowPositionals: true });
  } catch (error) {
    const [message] = (error as Error).message.split("\n");
    throw new CommandError(`keys ${action}: ${message} (see sluice keys ${action} --help)`);
  }
}

function onlyName(action: KeysAction, names: readonly string[]): string {
  const [name, ...others] = names;
  if (name !== undefined && others.length === 0) return name;
  throw new CommandError(`keys ${action}: takes one name: sluice keys ${action} NAME`);
}

/** The command's default; the server reads a keys file only when it is given one. */
function defaultFile(env: Env): string {
  const base = env.XDG_CONFIG_HOME || path.join(env.HOME || homedir(), ".config");
  return path.join(base, "sluice", "keys.json");
}
