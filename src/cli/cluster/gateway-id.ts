// The id of a gateway: people see it in the log, in /ready of the others, and in the monitoring of NATS.

import { randomBytes } from "node:crypto";
import { hostname } from "node:os";

/** A word of a NATS subject may have all others. */
const OTHER_CHARACTERS = /[^\w-]+/g;
const MAX_HOST_CHARACTERS = 64;
const RANDOM_BYTES = 4;

/** The host's name and 8 random characters: no other gateway has or had it. It is one word of a NATS subject. */
export function newGatewayId(host = hostname()): string {
  const name = host.replaceAll(OTHER_CHARACTERS, "-").slice(0, MAX_HOST_CHARACTERS) || "gateway";
  return `${name}-${randomBytes(RANDOM_BYTES).toString("hex")}`;
}
