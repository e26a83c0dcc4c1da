// The process of all abusers. It is separate so that their work does not delay measurements in the main process.

import { setMaxListeners } from "node:events";
import { setPriority } from "node:os";
import { ABUSES } from "../abuses/all-abuses.ts";
import {
  type AbuserKeys,
  type Route,
  rest,
  SocketBudget,
  Target,
  Unreachable,
} from "../abuses/target.ts";
import { Random } from "../kinds/random.ts";
import type { AbuserCommand, AbuserOptions, AbuserReport } from "./messages.ts";

/** Time limit of one abuse. */
const MOST_MS = 20_000;
const LEAST_PAUSE_MS = 200;
const MOST_PAUSE_MS = 1_500;
/** Low priority: real attackers have their own CPUs, so these must not take the server's. */
const NICE = 10;

const budget = new SocketBudget();
let keys: AbuserKeys = { limited: "", normal: "", changing: "" };
let count = 0;

setPriority(NICE);
setMaxListeners(0);
process.on("disconnect", () => process.exit(0)); // its sockets close with the process
process.on("message", (message: AbuserCommand) => {
  keys = message.keys;
  if (message.type === "begin") begin(message.options);
});

function begin(options: AbuserOptions): void {
  for (let number = 0; number < options.abusers; number++)
    void abuse(options, new Random(options.seed * 1_000 + number));
}

async function abuse({ names, ports }: AbuserOptions, random: Random): Promise<void> {
  const abuses = ABUSES.filter(({ name }) => names.includes(name));
  const routes = Object.entries(ports) as (readonly [Route, number])[]; // as sent by the parent
  for (;;) {
    await rest(random.between(LEAST_PAUSE_MS, MOST_PAUSE_MS), AbortSignal.timeout(MOST_MS));
    const { name, run } = random.weighted(abuses);
    const [route, port] = random.pick(routes);
    const id = ++count;
    send({ type: "begun", id, name, route });
    const notes: Record<string, number> = {};
    const note = (outcome: string) => {
      notes[outcome] = (notes[outcome] ?? 0) + 1;
    };
    const target = new Target({ route, port, budget, note, keys: () => keys });
    const fault = await faultOf(
      () => runFor(MOST_MS, (signal) => run(target, signal, random)),
      note,
    );
    target.close();
    send({ type: "ended", id, notes, fault });
  }
}

/** Aborts the signal at the end, which closes everything the abuse has opened. */
async function runFor(ms: number, run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), ms);
  setMaxListeners(0, over.signal);
  try {
    await run(over.signal);
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}

async function faultOf(
  run: () => Promise<void>,
  note: (outcome: string) => void,
): Promise<string | null> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof Unreachable)) return (error as Error).stack ?? String(error);
    note(error.message);
  }
  return null;
}

function send(message: AbuserReport): void {
  if (process.connected) process.send?.(message);
}
