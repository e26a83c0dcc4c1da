// What one check of `sluice doctor` has found.

import { hideUserInfo } from "../../hide-user-info.ts";

/** `note`: worth knowing. `warning`: works, but worse than it could. `problem`: the server does not start, or does not work. */
export type FindingLevel = "ok" | "note" | "warning" | "problem";

export type Finding = {
  /** What was checked, in one or two words. */
  readonly check: string;
  readonly level: FindingLevel;
  readonly message: string;
  /** What to do about it; null where nothing needs to be done. */
  readonly remedy: string | null;
};

/** The findings of one check, made one after the other. */
export class Findings {
  readonly #check: string;
  readonly all: Finding[] = [];

  /** @param check its name in the report */
  constructor(check: string) {
    this.#check = check;
  }

  ok(message: string): void {
    this.#add("ok", message, null);
  }

  note(message: string, remedy: string | null = null): void {
    this.#add("note", message, remedy);
  }

  warning(message: string, remedy: string): void {
    this.#add("warning", message, remedy);
  }

  problem(message: string, remedy: string | null): void {
    this.#add("problem", message, remedy);
  }

  #add(level: FindingLevel, message: string, remedy: string | null): void {
    this.all.push({ check: this.#check, level, message: hideUserInfo(message), remedy });
  }
}
