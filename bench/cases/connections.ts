// Tiny buffered answers, each on a new connection: the cost of a connection.

import type { ServerCase } from "../../src/bench/case.ts";
import { AUTOCANNON_SETTINGS, measureNewConnections } from "../clients/autocannon.ts";

export const connections: ServerCase = {
  name: "connections",
  help: `${AUTOCANNON_SETTINGS}, with a new connection for every request: buffered one-token answers per second`,
  goals: { "not 2xx": "= 0" },
  run: measureNewConnections,
};
