// The cases that need nothing but a URL: `sluice bench` runs them on any server, and `npm run bench` has more.

import type { ServerCase, UrlOptions } from "./case.ts";
import { arrivalRate } from "./cases/arrival-rate.ts";
import { latency } from "./cases/latency.ts";
import { longPrompt } from "./cases/long-prompt.ts";
import { multiTurn } from "./cases/multi-turn.ts";
import { schema } from "./cases/schema.ts";
import { throughput } from "./cases/throughput.ts";

export const URL_CASES: readonly ServerCase<UrlOptions>[] = [
  latency,
  throughput,
  arrivalRate,
  longPrompt,
  multiTurn,
  schema,
];
