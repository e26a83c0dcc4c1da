// The help of `sluice keys` and of each of its actions.

import { SCOPES, type Scope } from "../../keys/caller.ts";

/** A key without --scope may do everything that does not concern other keys. */
export const DEFAULT_SCOPES: readonly Scope[] = SCOPES.filter((scope) => scope !== "admin");

const LIMITS = `  --concurrent N         requests in slots at the same time; others wait (default: no limit)
  --waiting N            requests that may wait; further ones get a 429 (default: no limit)
  --tokens-per-minute N  tokens of answers and of uncached prompts (default: no limit)
  --tokens-per-day N     the same for each day, in UTC (default: no limit)
  --tokens-per-month N   the same for each month, in UTC (default: no limit)
  --expires WHEN         last day of the key in UTC, such as 2027-01-31, or 90d (default: never)
  --models A,B           the models that the key may use, by any of their names (default: all)
  --group NAME           a group whose limits hold for all of its keys together (default: none)`;

const HELP = {
  add: `usage: sluice keys add NAME [options]

Makes a key and prints it once: the file holds only its hash.

  --scope SCOPE          what the key may do; repeatable (default: ${DEFAULT_SCOPES.join(", ")})
                           generate  answers, token counts, stored responses
                           embed     embeddings and reranking
                           read      metrics, slots, server properties
                           admin     the usage of all keys
${LIMITS}`,
  set: `usage: sluice keys set NAME [options]

Changes what a key may do. The key itself stays the same, and so does what has no option.
The value none removes a limit: --tokens-per-day none.

  --scope SCOPE          what the key may do from now on; repeatable
${LIMITS.replaceAll(/ \(default: [a-z ]+\)/g, "")}`,
  group: `usage: sluice keys group NAME [options]

Makes a group, or changes its limits, which hold for all of its keys together. A key gets into a
group with: sluice keys set NAME --group GROUP. The value none removes a limit.

  --concurrent N         requests in slots at the same time; others wait (default: no limit)
  --tokens-per-minute N  tokens of answers and of uncached prompts (default: no limit)
  --tokens-per-day N     the same for each day, in UTC (default: no limit)
  --tokens-per-month N   the same for each month, in UTC (default: no limit)
  --remove               delete the group; its keys stay, without a group`,
  list: `usage: sluice keys list [options]

Lists names, scopes, limits and dates, and the groups. The keys themselves are not stored.
`,
  revoke: `usage: sluice keys revoke NAME [options]

Deletes a key: new requests with it are refused, running ones may finish.
`,
  usage: `usage: sluice keys usage [NAME] [options]

Prints what all keys have used, or what one has used on each day, from the folder in which
a server with --usage-dir keeps it. Days are in UTC.

  --usage-dir DIR        the folder (default: SLUICE_USAGE_DIR)
  --from DAY             the first day, such as 2027-01-31 (default: the first one with usage)
  --to DAY               the last day (default: today)
`,
} as const;

export type KeysAction = keyof typeof HELP;

const HELP_OF_ALL = `usage: sluice keys add NAME [options]     make a key
       sluice keys set NAME [options]     change what a key may do
       sluice keys group NAME [options]   make a group of keys, or change its limits
       sluice keys list                   list the keys
       sluice keys revoke NAME            delete a key
       sluice keys usage [NAME]           print what keys have used

Manages the API keys of a server with --keys-file. More: sluice keys add --help
`;

/** @param action null for the help of all. @param defaultFile the keys file without the option */
export function keysHelp(action: KeysAction | null, defaultFile: string): string {
  if (action === "usage") return HELP.usage.trimEnd();
  return `${action ? HELP[action] : HELP_OF_ALL}
  --keys-file PATH       the keys file
                         (default: SLUICE_KEYS_FILE, or ${defaultFile})`;
}
