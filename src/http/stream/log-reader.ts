// A connection that reads a log, first the events it has missed, then the new ones, until the end; or another source of frames.
// Its disconnect or slowness does not affect the writer.

import type { Request, Response } from "express";
import type { Logger } from "pino";
import type { Frame } from "../../api/dialect.ts";
import { type ServiceError, stackOf, toServiceError } from "../../errors.ts";
import type { EventLog } from "../../resume/event-log.ts";
import { requestIdOf } from "../server/response-locals.ts";
import { type ClientWatch, watchClient } from "./disconnect.ts";
import { FrameStream, type FrameStreamOptions } from "./frame-stream.ts";
import { SSE } from "./framing.ts";

export type LogReaderDeps = Pick<
  FrameStreamOptions,
  "socketWatch" | "heartbeatMs" | "stallTimeoutMs"
> & {
  readonly log: Logger;
};

type LogReaderOptions = Pick<FrameStreamOptions, "res" | "framing" | "waitStatus"> & {
  readonly req: Request;
  readonly errorFrame: (error: ServiceError) => Frame;
  /** Default: it ends with the connection, and has no time limit. */
  readonly client?: ClientWatch;
};

/** Yields the frames that are written together. @throws the signal's reason when it is aborted */
type FrameSource = (signal: AbortSignal) => AsyncIterable<readonly Frame[]>;

export class LogReader {
  readonly #options: LogReaderOptions & LogReaderDeps;
  readonly #client: ClientWatch;
  readonly stream: FrameStream;

  constructor(options: LogReaderOptions, deps: LogReaderDeps) {
    this.#options = { ...options, ...deps };
    this.#client = options.client ?? watchClient(options.req, options.res); // the writer keeps the time limits
    const { signal, abort } = this.#client;
    this.stream = new FrameStream({ ...this.#options, signal, abort });
  }

  /** Sends the log's events after number `after` (-1 for all), as `relay()` does. */
  follow(log: EventLog, after: number): Promise<void> {
    return this.relay((signal) => log.read(after, signal));
  }

  /** Sends all frames, and leaves at the end. Never throws: a failure ends this reader only. */
  async relay(source: FrameSource): Promise<void> {
    const { res, errorFrame } = this.#options;
    try {
      this.stream.begin();
      for await (const frames of source(this.#client.signal)) await this.stream.send(frames);
      this.stream.end();
    } catch (thrown) {
      const error = toServiceError(thrown);
      if (error.code === "internal_error") {
        const line = { requestId: requestIdOf(res), stack: stackOf(error.cause) };
        this.#options.log.error(line, "bug");
      }
      if (this.stream.isOpen) this.stream.fail(error, [errorFrame(error)]);
      else res.destroy(); // no handler waits for this reader, so the error mapper does not answer
    } finally {
      this.leave();
    }
  }

  /** Must be called for a reader that follows no log. */
  leave(): void {
    this.stream.close();
    this.#client.dispose();
  }
}

/** Answers HEAD with the headers of a stream. The stream does not count this as a reader. */
export function endHead(res: Response): void {
  res.writeHead(200, { "content-type": SSE.contentType }).end();
}
