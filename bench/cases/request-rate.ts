// Tiny buffered answers over keep-alive connections: the cost of a request.

import type { ServerCase } from "../../src/bench/case.ts";
import { AUTOCANNON_SETTINGS, measureKeptAlive } from "../clients/autocannon.ts";

export const requestRate: ServerCase = {
  name: "request-rate",
  help: `${AUTOCANNON_SETTINGS}, kept alive: buffered one-token answers per second`,
  goals: { "not 2xx": "= 0" },
  run: measureKeptAlive,
};
