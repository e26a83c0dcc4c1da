// Sets up pino once. Logged are ids, counts, times and outcomes; never a prompt, an answer or a key.

import { type Logger, pino } from "pino";
import { prettyFactory } from "pino-pretty";
import { LogWriter } from "./log-writer.ts";

export type LogOptions = {
  readonly logLevel: string;
  readonly logFormat: "text" | "json";
};

export type { Logger };

/**
 * Logs to standard output in this process: a transport thread could lose the last lines before a crash. Buffered lines are
 * written when the process exits.
 */
export function createLogger({ logLevel, logFormat }: LogOptions): Logger {
  const options = {
    level: logLevel,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: ["authorization", "*.authorization", "apiKey", "*.apiKey"], censor: "[key]" },
  };
  const writer = new LogWriter(process.stdout.fd);
  process.once("exit", () => writer.flushSync());
  if (logFormat === "json") return pino(options, writer);
  const pretty = prettyFactory({
    colorize: process.stdout.isTTY ?? false,
    translateTime: "SYS:HH:MM:ss.l",
    singleLine: true,
  });
  return pino(options, { write: (line: string) => writer.write(pretty(line) ?? "") });
}
