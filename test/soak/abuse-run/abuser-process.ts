// The process of all abusers: measurements in the other one must not wait for what these do.

import { setMaxListeners } from "node:events";
import { setPriority } from "node:os";
import { ABUSES } from "../abuses/list.ts";
import {
  type AbuserKeys,
  type Door,
  rest,
  SocketBudget,
  Target,
  Unreachable,
} from "../abuses/target.ts";
import { Random } from "../kinds/random.ts";
import type { FromAbusers, Orders, ToAbusers } from "./messages.ts";

/** Any abuse is cut off after this. */
const MOST_MS = 20_000;
const LEAST_PAUSE_MS = 200;
const MOST_PAUSE_MS = 1_500;
/** The clients of an attacker have CPUs of their own; these must not take those of the server. */
const NICE = 10;

const budget = new SocketBudget();
let keys: AbuserKeys = { limited: "", normal: "", changing: "" };
let count = 0;

setPriority(NICE);
setMaxListeners(0);
process.on("disconnect", () => process.exit(0)); // its sockets end with it
process.on("message", (message: ToAbusers) => {
  keys = message.keys;
  if (message.type === "begin") begin(message.orders);
});

function begin(orders: Orders): void {
  for (let number = 0; number < orders.abusers; number++)
    void abuse(orders, new Random(orders.seed * 1_000 + number));
}

async function abuse({ names, ports }: Orders, random: Random): Promise<void> {
  const abuses = ABUSES.filter(({ name }) => names.includes(name));
  const doors = Object.entries(ports) as (readonly [Door, number])[]; // as they were sent
  for (;;) {
    await rest(random.between(LEAST_PAUSE_MS, MOST_PAUSE_MS), AbortSignal.timeout(MOST_MS));
    const { name, play } = random.weighted(abuses);
    const [door, port] = random.pick(doors);
    const id = ++count;
    tell({ type: "begun", id, name, door });
    const notes: Record<string, number> = {};
    const note = (outcome: string) => {
      notes[outcome] = (notes[outcome] ?? 0) + 1;
    };
    const target = new Target({ door, port, budget, note, keys: () => keys });
    const fault = await faultOf(
      () => playFor(MOST_MS, (signal) => play(target, signal, random)),
      note,
    );
    target.close();
    tell({ type: "ended", id, notes, fault });
  }
}

/** What the abuse opened is closed with its signal. */
async function playFor(ms: number, play: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), ms);
  setMaxListeners(0, over.signal);
  try {
    await play(over.signal);
  } finally {
    clearTimeout(timer);
    over.abort();
  }
}

async function faultOf(
  play: () => Promise<void>,
  note: (outcome: string) => void,
): Promise<string | null> {
  try {
    await play();
  } catch (error) {
    if (!(error instanceof Unreachable)) return (error as Error).stack ?? String(error);
    note(error.message);
  }
  return null;
}

function tell(message: FromAbusers): void {
  if (process.connected) process.send?.(message);
}
