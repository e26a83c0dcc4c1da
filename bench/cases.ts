// All cases, in the order of --help and of --case all.

import type { Case } from "./case.ts";
import { abandon } from "./cases/abandon.ts";
import { agent } from "./cases/agent.ts";
import { arrivalRate } from "./cases/arrival-rate.ts";
import { ceiling } from "./cases/ceiling.ts";
import { connections } from "./cases/connections.ts";
import { copy } from "./cases/copy.ts";
import { crowd } from "./cases/crowd.ts";
import { latency } from "./cases/latency.ts";
import { longPrompt } from "./cases/long-prompt.ts";
import { manyChats } from "./cases/many-chats.ts";
import { multiTurn } from "./cases/multi-turn.ts";
import { neighbour } from "./cases/neighbour.ts";
import { overhead } from "./cases/overhead.ts";
import { requestRate } from "./cases/request-rate.ts";
import { restart } from "./cases/restart.ts";
import { schema } from "./cases/schema.ts";
import { slowReaders } from "./cases/slow-readers.ts";
import { state } from "./cases/state.ts";
import { swap } from "./cases/swap.ts";
import { throughput } from "./cases/throughput.ts";

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
