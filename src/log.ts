// pino, set up once. What may be logged: ids, counts, times, outcomes. Never a prompt, an answer, or a key.

import { type Logger, pino } from "pino";
import pretty from "pino-pretty";

export type LogOptions = {
  readonly logLevel: string;
  readonly logFormat: "text" | "json";
};

export type { Logger };

/** Lines are written together, this often: a write for each would cost a tenth of all short requests. */
const FLUSH_MS = 50;
const WRITE_BYTES = 8_192;
/** Of a log that nobody reads, so much waits in memory; further lines are dropped. */
const MOST_BYTES = 1_048_576;

/**
 * Logs to standard output, in this process: a transport thread could lose the last lines of a crash. What waits is
 * written when the process exits.
 */
export function createLogger({ logLevel, logFormat }: LogOptions): Logger {
  const options = {
    level: logLevel,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: ["authorization", "*.authorization", "apiKey", "*.apiKey"], censor: "[key]" },
  };
  const destination = pino.destination({
    dest: 1,
    sync: false,
    minLength: WRITE_BYTES,
    maxLength: MOST_BYTES,
    periodicFlush: FLUSH_MS,
  });
  if (logFormat === "json") return pino(options, destination);
  const stream = pretty({
    destination,
    colorize: process.stdout.isTTY ?? false,
    translateTime: "SYS:HH:MM:ss.l",
    singleLine: true,
  });
  return pino(options, stream);
}
