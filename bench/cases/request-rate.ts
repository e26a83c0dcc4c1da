// Tiny buffered answers over keep-alive: what a request costs.

import { CANNON, fireKeptAlive } from "../cannon.ts";
import type { ServerCase } from "../case.ts";

export const requestRate: ServerCase = {
  name: "request-rate",
  help: `${CANNON}, kept alive: buffered answers of one token per second`,
  goals: { "not 2xx": "= 0" },
  run: fireKeptAlive,
};
