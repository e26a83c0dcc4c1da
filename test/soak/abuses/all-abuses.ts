// All kinds of abuse. To add one, add it to the file of its family.

import { BAD_HTTP } from "./bad-http.ts";
import { BODIES } from "./bodies.ts";
import { CONNECTION_ABUSES } from "./connections.ts";
import { JSON_BODIES } from "./json.ts";
import { KEPT } from "./kept.ts";
import { PROMPTS } from "./prompts.ts";
import { READERS } from "./readers.ts";
import { SCHEMAS } from "./schemas.ts";
import type { Abuse } from "./target.ts";
import { UPGRADES } from "./upgrades.ts";
import { WEB_SOCKETS } from "./web-sockets.ts";

export const ABUSES: readonly Abuse[] = [
  ...UPGRADES,
  ...WEB_SOCKETS,
  ...SCHEMAS,
  ...PROMPTS,
  ...BODIES,
  ...JSON_BODIES,
  ...READERS,
  ...KEPT,
  ...CONNECTION_ABUSES,
  ...BAD_HTTP,
];
