// Every kind of abuse. One more is a function in the file of its family.

import { BAD_HTTP } from "./bad-http.ts";
import { BODIES } from "./bodies.ts";
import { DOORS } from "./doors.ts";
import { JSON_BODIES } from "./json.ts";
import { KEPT } from "./kept.ts";
import { PROMPTS } from "./prompts.ts";
import { READERS } from "./readers.ts";
import { SCHEMAS } from "./schemas.ts";
import type { Abuse } from "./target.ts";
import { UPGRADES } from "./upgrades.ts";
import { WEB_SOCKETS } from "./web-sockets.ts";

export const ABUSES: readonly Abuse[] = [
  ...[...UPGRADES, ...WEB_SOCKETS, ...SCHEMAS, ...PROMPTS, ...BODIES],
  ...[...JSON_BODIES, ...READERS, ...KEPT, ...DOORS, ...BAD_HTTP],
];
