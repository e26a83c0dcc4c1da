// The address, the allowed hosts and origins, and the limits of connections. Part of ../config.ts.

import { isIP } from "node:net";
import { z } from "zod";
import { parseListenAddress } from "../listen-address.ts";
import { inGroup, integer, onByDefault, timeLimit } from "./setting.ts";

/** Any scheme, because apps and browser extensions have their own. A page without an origin sends `null`. */
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

export const NETWORK_SETTINGS = inGroup("network", {
  host: {
    schema: z
      .string()
      .min(1)
      .transform((host) => host.replace(/^\[(.*)\]$/, "$1"))
      .default("127.0.0.1"),
    value: "HOST",
    help: "address to listen on; all but loopback addresses require --api-key or --keys-file (default 127.0.0.1)",
    allows: "an address",
  },
  port: integer({
    min: 0,
    max: 65535,
    default: 8080,
    help: "port to listen on; 0 picks a free one",
  }),
  listen: {
    schema: z
      .array(
        z
          .string()
          .trim()
          .refine((text) => parseListenAddress(text) !== null),
      )
      .default([]),
    value: "ADDRESS",
    help: "address to listen on instead of --host and --port, such as 192.0.2.7:8080, [::1]:8080, :8080 (all addresses), 8080 (127.0.0.1) or unix:/run/sluice.sock; repeatable (default: --host and --port)",
    allows:
      "HOST:PORT, [IPV6]:PORT, :PORT for all addresses, PORT for 127.0.0.1, or unix: with an absolute path of at most 103 bytes",
    json: { type: ["integer", "string", "array"], items: { type: ["integer", "string"] } },
    isList: true,
  },
  tlsCert: {
    schema: z.string().min(1).optional(),
    value: "FILE",
    help: "certificate in PEM, with those of its issuers, for HTTPS; requires --tls-key (default: HTTP)",
    allows: "a path to a PEM file",
    isPath: true,
  },
  tlsKey: {
    schema: z.string().min(1).optional(),
    value: "FILE",
    help: "private key of --tls-cert in PEM, without a passphrase",
    allows: "a path to a PEM file",
    isPath: true,
  },
  allowedHost: {
    schema: z.array(z.string().trim().toLowerCase().regex(HOST_NAME)).default([]),
    value: "NAME",
    help: "host name by which clients may reach this server, besides localhost, IP addresses and the hosts of --host and --listen; repeatable; '*' allows any",
    allows: "a host name without a port",
    json: { type: ["string", "array"], items: { type: "string" } },
    isList: true,
  },
  corsOrigin: {
    schema: z
      .array(z.string().trim().toLowerCase().transform(withoutSlash).pipe(z.string().regex(ORIGIN)))
      .default([]),
    value: "ORIGIN",
    help: "origin whose pages may use this server, such as https://app.example; repeatable; '*' allows any (default: none)",
    allows: "scheme://host, with a port if it has one; null; or *",
    isList: true,
  },
  trustProxy: {
    schema: proxies.optional(),
    value: "PROXIES",
    help: "trust the X-Forwarded-* headers of this number of proxies in front, or of these addresses (default: none)",
    allows: "a number of proxies, or addresses and networks with commas between them",
    json: {
      type: ["integer", "string", "array"],
      minimum: 0,
      maximum: 999,
      items: { type: "string" },
    },
  },
  page: onByDefault({ help: "serve the chat page at /" }),
  receiveTimeoutMs: timeLimit({
    default: 120,
    help: "longest time for a whole request to arrive; its head must arrive within 20 seconds",
    isExpert: true,
  }),
  socketRequests: integer({
    min: 1,
    max: 10_000,
    default: 32,
    help: "requests at the same time on one WebSocket",
    isExpert: true,
  }),
  maxConnections: integer({
    min: 1,
    max: 1_000_000,
    default: 4096,
    help: "connections at the same time; further ones are closed at once",
    isExpert: true,
  }),
});

/** People copy origins from the address line, which adds a slash. */
function withoutSlash(text: string): string {
  return text.replace(/(?<=[^/])\/$/, "");
}
