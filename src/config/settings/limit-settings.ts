// The limits on the size, the duration and the number of requests. Part of ../config.ts.

import { inGroup, integer, offByDefault, timeLimit } from "./setting.ts";

export const LIMIT_SETTINGS = inGroup("limits", {
  maxTokens: integer({
    min: 1,
    max: 16_777_216,
    help: "longest answer, in tokens, of a request that sets no limit (default: the rest of the context)",
  }),
  queue: integer({
    min: 0,
    max: 100_000,
    default: 64,
    help: "requests that may wait for a slot; further ones get a 429",
  }),
  queueTimeoutMs: timeLimit({ default: 600, help: "longest wait of a request for a slot" }),
  bufferedQueueTimeoutMs: timeLimit({
    default: 240,
    help: "longest wait for a slot of a non-streaming request, whose client sees nothing until it is done",
  }),
  firstTokenTimeoutMs: timeLimit({
    help: "refuse a request whose first token is not there after this time (default: no limit)",
  }),
  requestTimeoutMs: timeLimit({
    default: 3600,
    help: "longest time of a whole request; then its answer ends with the text so far, or it fails if there is none",
  }),
  drainTimeoutMs: timeLimit({
    default: 30,
    help: "longest time for running requests to finish after SIGTERM or Ctrl-C",
  }),
  bodyLimit: integer({
    min: 1024,
    max: 1_073_741_824,
    default: 4_194_304,
    value: "BYTES",
    help: "largest request body",
  }),
  strict: offByDefault({
    help: "refuse unknown request fields with a 400 (default: name them in x-ignored-params)",
  }),
  openObjects: offByDefault({
    help: "let objects have members that their JSON schema does not declare (default: only if it mentions them)",
  }),
  bodyMemory: integer({
    min: 4096,
    max: 1_099_511_627_776,
    default: 268_435_456,
    value: "BYTES",
    also: ", at least twice --body-limit",
    help: "memory for the bodies of all unfinished requests; without room a request gets a 503; one client alone may hold at most half of it",
    isExpert: true,
  }),
  flexWaitMs: timeLimit({
    default: 60,
    help: "how long a request with service_tier flex may be overtaken by others",
    isExpert: true,
  }),
});
