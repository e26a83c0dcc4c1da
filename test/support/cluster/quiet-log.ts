// A log that keeps its lines for the tests.

import type { LinkLog } from "../../../src/cluster/nats/nats-link.ts";

/** @returns the log, and its lines so far, each with its level */
export function quietLog(): { readonly log: LinkLog; readonly lines: string[] } {
  const lines: string[] = [];
  const write =
    (level: string) =>
    (...words: unknown[]) =>
      void lines.push(`${level}: ${words.filter((word) => typeof word === "string").join(" ")}`);
  const log = { info: write("info"), warn: write("warn"), error: write("error") };
  return { log: log as unknown as LinkLog, lines }; // pino's methods have more forms
}
