// The settings of access: keys, and what keys share. Part of ../config.ts.

import { z } from "zod";
import { inGroup, integer, offByDefault } from "./setting.ts";

const KEY = /^[\x21-\x7e]+$/;

export const KEY_SETTINGS = inGroup("keys", {
  apiKey: {
    schema: z.array(z.string().trim().regex(KEY)).default([]),
    value: "KEY",
    help: "API key that clients must send; repeatable (default: no key is required)",
    allows: "a key of printable ASCII characters without spaces",
    isList: true,
    isSecret: true,
  },
  apiKeyFile: {
    schema: z.string().min(1).optional(),
    value: "FILE",
    help: "file with the API keys, one a line, instead of --api-key, such as a secret of Docker or Kubernetes; it is read again when it changes (default: none)",
    allows: "a path to a file with one key a line",
    isPath: true,
  },
  keysFile: {
    schema: z.string().min(1).optional(),
    value: "PATH",
    help: "file of named keys with scopes and limits, made by `sluice keys add` (default: none)",
    allows: "a path to a keys file",
    isPath: true,
  },
  usageDir: {
    schema: z.string().min(1).optional(),
    value: "DIR",
    help: "folder that keeps what each key has used on each day, without any text; without it, usage is counted since the start (default: none)",
    allows: "a path to a folder, which is made when it is missing",
    isPath: true,
  },
  usageDays: integer({
    help: "days for which --usage-dir keeps usage",
    min: 31,
    max: 4_000,
    default: 400,
    isExpert: true,
  }),
  allowNoKey: offByDefault({
    help: "require no key although other machines can connect (see --host)",
  }),
  allowGrammar: offByDefault({
    help: "accept grammars (GBNF) from clients; a hostile grammar can block all other requests",
  }),
  sharedCache: offByDefault({
    help: "one prefix cache for all keys: faster, but response times can reveal other keys' prompts",
  }),
});
