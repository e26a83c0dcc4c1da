// The abusers as the run sees them: which of them are at work, and what has come of those that were.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { AbuserKeys, Door } from "../abuses/target.ts";
import type { FromAbusers, Orders, ToAbusers } from "./messages.ts";

/** One abuse, as it was played. */
export type Deed = {
  readonly name: string;
  readonly door: Door;
  readonly fromMs: number;
  /** Infinity while it goes on. */
  readonly toMs: number;
  readonly notes: Readonly<Record<string, number>>;
};

const PROGRAM = path.join(import.meta.dirname, "abuser-process.ts");

export class Abusers {
  /** Where an abuse is wrong itself, or its process. */
  readonly faults: string[] = [];
  readonly #child: ChildProcess;
  readonly #now: () => number;
  readonly #deeds = new Map<number, Deed>();
  #isOver = false;

  constructor(orders: Orders, keys: AbuserKeys, now: () => number) {
    this.#now = now;
    this.#child = fork(PROGRAM, { execArgv: ["--import", "tsx"] });
    process.once("exit", this.#kill);
    this.#child.on("message", (message: FromAbusers) => this.#hear(message));
    this.#child.once("exit", (code) => {
      if (!this.#isOver) this.faults.push(`the process of the abusers ended with ${code}`);
    });
    this.#child.on("error", () => {}); // a message to one that has just ended
    this.#say({ type: "begin", orders, keys });
  }

  get deeds(): readonly Deed[] {
    return [...this.#deeds.values()];
  }

  changeKeys(keys: AbuserKeys): void {
    this.#say({ type: "keys", keys });
  }

  /** All its connections are closed then. */
  async end(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    const isGone = this.#child.exitCode !== null || this.#child.signalCode !== null;
    const exited = isGone ? null : once(this.#child, "exit");
    this.#kill();
    await exited;
    process.off("exit", this.#kill);
  }

  readonly #kill = (): void => {
    this.#child.kill("SIGKILL");
  };

  #say(message: ToAbusers): void {
    if (this.#child.connected) this.#child.send(message);
  }

  #hear(message: FromAbusers): void {
    const { id } = message;
    if (message.type === "begun") {
      const { name, door } = message;
      const toMs = Number.POSITIVE_INFINITY;
      this.#deeds.set(id, { name, door, fromMs: this.#now(), toMs, notes: {} });
      return;
    }
    const { notes, fault } = message;
    const deed = this.#deeds.get(id);
    if (deed) this.#deeds.set(id, { ...deed, toMs: this.#now(), notes });
    if (fault !== null) this.faults.push(`the abuse "${deed?.name}" is wrong itself: ${fault}`);
  }
}
