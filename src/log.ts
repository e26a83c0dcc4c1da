// pino, set up once. What may be logged: ids, counts, times, outcomes. Never a prompt, an answer, or a key.

import { type Logger, pino } from "pino";
import pretty from "pino-pretty";

export type LogOptions = {
  readonly logLevel: string;
  readonly logFormat: "text" | "json";
};

export type { Logger };

/** Logs to standard output, in this process: a transport thread could lose the last lines of a crash. */
export function createLogger({ logLevel, logFormat }: LogOptions): Logger {
  const options = {
    level: logLevel,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: ["authorization", "*.authorization", "apiKey", "*.apiKey"], censor: "[key]" },
  };
  if (logFormat === "json") return pino(options, pino.destination({ dest: 1, sync: true }));
  const stream = pretty({
    sync: true,
    colorize: process.stdout.isTTY ?? false,
    translateTime: "SYS:HH:MM:ss.l",
    singleLine: true,
  });
  return pino(options, stream);
}
