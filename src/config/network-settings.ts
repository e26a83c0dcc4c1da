// The settings of the door: where it is, who may come through it, and how fast and how many. Part of config.ts.

import { isIP } from "node:net";
import { z } from "zod";
import { count, setting, timeLimit } from "./setting.ts";

/** Any scheme: an app or a browser's extension has one of its own. `null` is what a page without an origin sends. */
const ORIGIN = /^(\*|null|[a-z][a-z\d+.-]*:\/\/[^\s/?#,@*]+)$/;
const HOST_NAME = /^(\*|[a-z\d_-]+(\.[a-z\d_-]+)*)$/;
const NAMED_PROXIES = ["loopback", "linklocal", "uniquelocal"];

const proxies = z
  .string()
  .trim()
  .transform((text) =>
    /^\d{1,3}$/.test(text) ? Number(text) : text.split(",").map((each) => each.trim()),
  )
  .refine((given) => typeof given === "number" || given.every(isProxy));

function isProxy(text: string): boolean {
  const [address = "", bits, ...rest] = text.split("/");
  if (NAMED_PROXIES.includes(text)) return true;
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return rest.length === 0 && most > 0 && (bits === undefined || isWithin(bits, most));
}

function isWithin(bits: string, most: number): boolean {
  return /^\d{1,3}$/.test(bits) && Number(bits) <= most;
}

export const NETWORK_SETTINGS = {
  host: setting({
    schema: z
      .string()
      .min(1)
      .transform((host) => host.replace(/^\[(.*)\]$/, "$1"))
      .default("127.0.0.1"),
    value: "HOST",
    help: "address to listen on (default 127.0.0.1; any other wants --api-key or --keys-file)",
    allows: "an address",
  }),
  port: setting({
    schema: count(0, 65535).default(8080),
    value: "N",
    help: "port to listen on, 0 for a free one (default 8080)",
    allows: "an integer from 0 to 65535",
  }),
  tlsCert: setting({
    schema: z.string().min(1).optional(),
    value: "FILE",
    help: "certificate in PEM, with those of its issuers: HTTPS instead of HTTP; wants --tls-key",
    allows: "a path to a PEM file",
  }),
  tlsKey: setting({
    schema: z.string().min(1).optional(),
    value: "FILE",
    help: "its private key in PEM, without a passphrase",
    allows: "a path to a PEM file",
  }),
  allowedHost: setting({
    schema: z.array(z.string().trim().toLowerCase().regex(HOST_NAME)).default([]),
    value: "NAME",
    help: "name that clients may call this server by, besides localhost, addresses and --host; repeatable; '*' is any",
    allows: "a host name without a port",
    isList: true,
  }),
  corsOrigin: setting({
    schema: z
      .array(z.string().trim().toLowerCase().transform(withoutSlash).pipe(z.string().regex(ORIGIN)))
      .default([]),
    value: "ORIGIN",
    help: "origin whose pages may use this server, such as https://app.example; repeatable; '*' is any (default: none)",
    allows: "scheme://host, with a port if it has one; null; or *",
    isList: true,
  }),
  trustProxy: setting({
    schema: proxies.optional(),
    value: "PROXIES",
    help: "believe X-Forwarded-* of so many proxies in front, or of these addresses (default: of nobody)",
    allows: "a number of proxies, or addresses and networks with commas between them",
  }),
  receiveTimeoutMs: timeLimit(
    120,
    "a request must have come in whole within so long, its head within 20",
  ),
  socketRequests: setting({
    schema: count(1, 10_000).default(32),
    value: "N",
    help: "requests at once on one WebSocket (default 32)",
    allows: "an integer from 1 to 10000",
  }),
  maxConnections: setting({
    schema: count(1, 1_000_000).default(4096),
    value: "N",
    help: "connections at once; more are closed as they come (default 4096)",
    allows: "an integer from 1 to 1000000",
  }),
} as const;

/** As people copy it from the address line. */
function withoutSlash(text: string): string {
  return text.replace(/(?<=[^/])\/$/, "");
}
