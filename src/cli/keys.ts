// `sluice keys add|set|group|list|revoke|usage`: the command that edits the keys file, and prints what keys have used.

import { homedir } from "node:os";
import path from "node:path";
import { type ParseArgsConfig, parseArgs } from "node:util";
import { NO_LIMITS } from "../keys/caller.ts";
import { hashOf, newKey } from "../keys/key-hash.ts";
import {
  changeKeysFile,
  type GroupEntry,
  groupName,
  type KeyEntry,
  keyName,
  readKeysFile,
} from "../keys/keys-file.ts";
import { CommandError } from "./command-error.ts";
import {
  expiryOf,
  type Flags,
  GROUP_FLAGS,
  groupOf,
  KEY_FLAGS,
  limitsOf,
  modelsOf,
  scopesOf,
} from "./keys/key-flags.ts";
import { DEFAULT_SCOPES, type KeysAction, keysHelp } from "./keys/keys-help.ts";
import { groupsTable, keysTable } from "./keys/keys-tables.ts";
import { USAGE_FLAGS, usageTable } from "./keys/keys-usage.ts";
import { programName } from "./program-name.ts";

export type KeysOutput = {
  /** The key or the list, for standard output. */
  readonly out: string;
  /** An explanation, for standard error. */
  readonly note: string | null;
};

const UNRESTRICTED = { expires: null, models: null, group: null };

const ACTIONS: Readonly<Record<KeysAction, (command: KeysCommand) => KeysOutput>> = {
  add,
  set,
  group,
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
  const empty = { scopes: [...DEFAULT_SCOPES], limits: NO_LIMITS, ...UNRESTRICTED };
  const sha256 = hashOf(key).toString("hex");
  const entry: KeyEntry = { ...empty, name, sha256, created: new Date().toISOString() };
  changeKeysFile(file, ({ keys, groups }) => {
    if (keys.some((each) => each.name === name))
      throw new CommandError(`keys add: ${file} already has a key ${name}; revoke it first`);
    return { groups, keys: [...keys, changed(entry, flags, { groups, action: "add" })] };
  });
  return {
    out: `${name}: ${key}`,
    note: `The key is shown only this time: ${file} holds only its hash. Servers with --keys-file ${file} accept it within seconds.`,
  };
}

function set({ file, names, flags, program }: KeysCommand): KeysOutput {
  const name = onlyName("set", names);
  readKeysFile(file, program); // throws when there is no file: it must not be created here
  changeKeysFile(file, ({ keys, groups }) => {
    requireKey(name, keys, "set");
    const change = (each: KeyEntry) => changed(each, flags, { groups, action: "set" });
    return { groups, keys: keys.map((each) => (each.name === name ? change(each) : each)) };
  });
  return { out: `changed ${name}`, note: null };
}

type Change = { readonly groups: readonly GroupEntry[]; readonly action: KeysAction };

/** What has no flag stays as it was. @throws CommandError */
function changed(entry: KeyEntry, flags: Flags, { groups, action }: Change): KeyEntry {
  return {
    ...entry,
    scopes: [...scopesOf(flags.scope, entry.scopes, action)],
    limits: limitsOf(flags, entry.limits, action),
    expires: expiryOf(flags.expires, entry.expires, action),
    models: modelsOf(flags.models, entry.models, action),
    group: groupOf(flags.group, entry.group, { groups, action }),
  };
}

function group({ file, names, flags }: KeysCommand): KeysOutput {
  const name = onlyName("group", names);
  const checked = groupName.safeParse(name);
  if (!checked.success) throw new CommandError(`keys group: ${checked.error.issues[0]?.message}`);
  let done = "changed";
  changeKeysFile(file, ({ keys, groups }) => {
    const known = groups.find((each) => each.name === name);
    const others = groups.filter((each) => each !== known);
    if (flags.remove) {
      if (!known) throw new CommandError(`keys group: there is no group ${name}`);
      done = "removed";
      const leave = (key: KeyEntry) => (key.group === name ? { ...key, group: null } : key);
      return { groups: others, keys: keys.map(leave) };
    }
    if (!known) done = "made";
    const limits = limitsOf(flags, known?.limits ?? NO_LIMITS, "group");
    return { keys, groups: [...others, { name, limits }] };
  });
  return { out: `${done} the group ${name}`, note: null };
}

function list({ file, names, program }: KeysCommand): KeysOutput {
  if (names.length > 0) throw new CommandError("keys list: takes no name");
  const { keys, groups } = readKeysFile(file, program);
  const tables = [keysTable(keys), ...(groups.length > 0 ? [groupsTable(groups)] : [])];
  return { out: tables.join("\n\n"), note: null };
}

function revoke({ file, names, program }: KeysCommand): KeysOutput {
  const name = onlyName("revoke", names);
  readKeysFile(file, program); // throws when there is no file: it must not be created here
  changeKeysFile(file, ({ keys, groups }) => {
    requireKey(name, keys, "revoke");
    return { groups, keys: keys.filter((each) => each.name !== name) };
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
  group: { ...FILE, ...GROUP_FLAGS },
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
