// All cases, in the order of --help and of --case all.

import type { Case } from "../src/bench/case.ts";
import { arrivalRate } from "../src/bench/cases/arrival-rate.ts";
import { latency } from "../src/bench/cases/latency.ts";
import { longPrompt } from "../src/bench/cases/long-prompt.ts";
import { multiTurn } from "../src/bench/cases/multi-turn.ts";
import { schema } from "../src/bench/cases/schema.ts";
import { throughput } from "../src/bench/cases/throughput.ts";
import { abandon } from "./cases/abandon.ts";
import { agent } from "./cases/agent.ts";
import { ceiling } from "./cases/ceiling.ts";
import { connections } from "./cases/connections.ts";
import { copy } from "./cases/copy.ts";
import { crowd } from "./cases/crowd.ts";
import { manyChats } from "./cases/many-chats.ts";
import { neighbour } from "./cases/neighbour.ts";
import { overhead } from "./cases/overhead.ts";
import { requestRate } from "./cases/request-rate.ts";
import { restart } from "./cases/restart.ts";
import { slowReaders } from "./cases/slow-readers.ts";
import { state } from "./cases/state.ts";
import { swap } from "./cases/swap.ts";

export const CASES: readonly Case[] = [
  latency,
  throughput,
  ceiling,
  arrivalRate,
  longPrompt,
  multiTurn,
  agent,
  manyChats,
  restart,
  swap,
  state,
  copy,
  schema,
  crowd,
  abandon,
  slowReaders,
  neighbour,
  requestRate,
  connections,
  overhead,
];
