// Controls the abusers' process: which abuse is running, and the results of earlier ones.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import type { AbuserKeys, Route } from "../abuses/target.ts";
import type { AbuserCommand, AbuserOptions, AbuserReport } from "./messages.ts";

/** One abuse that was run. */
export type AbuseRecord = {
  readonly name: string;
  readonly route: Route;
  readonly fromMs: number;
  /** Infinity while it is running. */
  readonly toMs: number;
  readonly notes: Readonly<Record<string, number>>;
};

const PROGRAM = path.join(import.meta.dirname, "abuser-process.ts");

export class Abusers {
  /** Errors of an abuse itself or of the process. */
  readonly faults: string[] = [];
  readonly #child: ChildProcess;
  readonly #now: () => number;
  readonly #abuses = new Map<number, AbuseRecord>();
  #isOver = false;

  constructor(options: AbuserOptions, keys: AbuserKeys, now: () => number) {
    this.#now = now;
    this.#child = fork(PROGRAM, { execArgv: ["--import", "tsx"] });
    process.once("exit", this.#kill);
    this.#child.on("message", (message: AbuserReport) => this.#receive(message));
    this.#child.once("exit", (code) => {
      if (!this.#isOver) this.faults.push(`the abusers' process ended with ${code}`);
    });
    this.#child.on("error", () => {}); // a message to a process that has just ended
    this.#send({ type: "begin", options, keys });
  }

  get abuses(): readonly AbuseRecord[] {
    return [...this.#abuses.values()];
  }

  changeKeys(keys: AbuserKeys): void {
    this.#send({ type: "keys", keys });
  }

  /** Ends the process, which closes all its connections. */
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

  #send(message: AbuserCommand): void {
    if (this.#child.connected) this.#child.send(message);
  }

  #receive(message: AbuserReport): void {
    const { id } = message;
    if (message.type === "begun") {
      const { name, route } = message;
      const toMs = Number.POSITIVE_INFINITY;
      this.#abuses.set(id, { name, route, fromMs: this.#now(), toMs, notes: {} });
      return;
    }
    const { notes, fault } = message;
    const record = this.#abuses.get(id);
    if (record) this.#abuses.set(id, { ...record, toMs: this.#now(), notes });
    if (fault !== null) this.faults.push(`the abuse "${record?.name}" has a bug: ${fault}`);
  }
}
