// Tiny buffered answers, each on a connection of its own: what a connection costs.

import { CANNON, fireConnecting } from "../cannon.ts";
import type { ServerCase } from "../case.ts";

export const connections: ServerCase = {
  name: "connections",
  help: `${CANNON} at a time and a new one for every request: buffered answers of one token per second`,
  goals: { "not 2xx": "= 0" },
  run: fireConnecting,
};
