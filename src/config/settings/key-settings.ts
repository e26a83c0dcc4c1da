// The settings of access: keys, and what keys share. Part of ../config.ts.

import { z } from "zod";
import { inGroup, integer, list, offByDefault } from "./setting.ts";

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
const ISSUER = "an https URL (http only for this machine)";
const issuer = z.string().refine(isSafe, `allowed is ${ISSUER}`);

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
  jwtIssuer: {
    schema: issuer.optional(),
    value: "URL",
    help: "accept tokens (JWT) of this OpenID Connect issuer as keys; requires --jwt-audience (default: none)",
    allows: ISSUER,
  },
  jwtAudience: {
    schema: z.string().min(1).optional(),
    value: "NAME",
    help: "the audience (aud) that tokens must be for",
    allows: "a text",
  },
  jwtJwks: {
    schema: z
      .string()
      .min(1)
      .refine((text) => !URL.canParse(text) || isSafe(text), "allowed is a path or an https URL")
      .optional(),
    value: "FILE|URL",
    help: "the issuer's public keys: a JSON Web Key Set in a file, or its URL (default: the server fetches the URL from the issuer)",
    allows: "a path or an https URL",
    isPath: true,
  },
  jwtNameClaim: {
    schema: list.default(["preferred_username", "email", "sub"]),
    value: "CLAIM",
    help: "claim with the name of a token's owner; repeatable, the first that a token has (default preferred_username, email, sub)",
    allows: "the name of a claim",
    isList: true,
    isExpert: true,
  },
  jwtScope: {
    schema: z
      .array(z.enum(["generate", "embed", "read", "admin"]))
      .default(["generate", "embed", "read"]),
    value: "SCOPE",
    help: "what tokens may do; repeatable (default generate, embed, read)",
    allows: "generate, embed, read or admin",
    isList: true,
    isExpert: true,
  },
  jwtScopeClaim: {
    schema: z.string().min(1).optional(),
    value: "CLAIM",
    help: "claim with scopes of this server, which replace those of --jwt-scope (default: none)",
    allows: "the name of a claim",
    isExpert: true,
  },
  jwtGroupClaim: {
    schema: z.string().min(1).optional(),
    value: "CLAIM",
    help: "claim with a group of the keys file, whose limits hold for the token (default: none)",
    allows: "the name of a claim",
    isExpert: true,
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

/** Keys that come over plain HTTP could be anybody's. */
function isSafe(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, hostname, username, password } = new URL(url);
  if (username !== "" || password !== "") return false; // fetch takes none
  return protocol === "https:" || (protocol === "http:" && LOOPBACK.test(hostname));
}
