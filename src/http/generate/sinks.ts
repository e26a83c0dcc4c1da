// Chooses the sink of an answer: its own connection, or a log that this connection and later ones read.

import { randomBytes } from "node:crypto";
import type { Request } from "express";
import { invalidValue } from "../../api/shared/refusals.ts";
import { ServiceError } from "../../errors.ts";
import { isLeftToOthers } from "../../generation/kept-stream.ts";
import type { KeptAnswer, KeptAnswers } from "../../resume/kept-answers.ts";
import { ownerOf } from "../server/response-locals.ts";
import { bodySink } from "../stream/body-sink.ts";
import { FrameStream } from "../stream/frame-stream.ts";
import { type Framing, framingOf } from "../stream/framing.ts";
import { LogReader, type LogReaderDeps } from "../stream/log-reader.ts";
import type { Sink } from "../stream/sink.ts";
import { type Exchange, errorFrame, identityOf } from "./exchange.ts";
import { isRepeatable, type KeptAs } from "./stream-origin.ts";

export type SinkDeps = LogReaderDeps & {
  readonly streams: Pick<KeptAnswers, "begin" | "attach" | "end" | "leave">;
  /** Whether streams survive their connection unless the client says otherwise. */
  readonly resumable: boolean;
};

type ChosenSink = {
  readonly sink: Sink;
  /** The resumable stream, if it may outlive this server; otherwise null. */
  readonly keptAs: KeptAs | null;
};

const RESUMABLE = "x-resumable";
export const STREAMS_PATH = "/v1/streams";

/** @throws ServiceError 400 for an invalid `X-Resumable` header */
export function sinkOf(exchange: Exchange, deps: SinkDeps): ChosenSink {
  const { parsed, req, res, record } = exchange;
  const isResumable = isResumableRequest(req, framingFor(exchange), deps.resumable);
  const isBackground = parsed.storing?.isBackground ?? false;
  if (isResumable && parsed.isStreamed && !isBackground) return resumableSink(exchange, deps);
  if (isBackground) return { sink: backgroundSink(exchange, deps), keptAs: null };
  if (parsed.isStreamed) return { sink: streamSink(exchange, deps), keptAs: null };
  return { sink: bodySink(res, () => record.receipt), keptAs: null };
}

/** @throws ServiceError 400, also for streams of JSON alone, which have no place for event ids */
function isResumableRequest(
  req: Request,
  { eventIds }: Pick<Framing, "eventIds">,
  isDefault: boolean,
): boolean {
  const given = req.get(RESUMABLE);
  if (given === undefined) return isDefault && eventIds === "usual";
  if (/^(true|1|on)$/i.test(given)) {
    if (eventIds !== "none") return true;
    throw invalidValue(
      RESUMABLE,
      "requires a stream of server-sent events; this path streams lines or an array of JSON",
    );
  }
  if (/^(false|0|off)$/i.test(given)) return false;
  throw invalidValue(RESUMABLE, "must be true or false");
}

/**
 * Sends the headers after one heartbeat at the latest, so that a client does not wait for them while a large model loads.
 * A prompt that is refused before that gets a plain 400.
 */
function streamSink(exchange: Exchange, deps: SinkDeps): Sink {
  const { res, client, waitStatus } = exchange;
  const { signal, abort } = client;
  const framing = framingFor(exchange);
  const stream = new FrameStream({ ...deps, res, framing, signal, abort, waitStatus });
  stream.openWithin(deps.heartbeatMs);
  return stream;
}

/** Same as `streamSink()`, but for a connection that reads a log. */
function readerOf(exchange: Exchange, deps: SinkDeps): LogReader {
  const { req, res, waitStatus } = exchange;
  const framing = framingFor(exchange);
  const reader = new LogReader(
    { req, res, framing, waitStatus, errorFrame: (error) => errorFrame(exchange, error) },
    deps,
  );
  reader.stream.openWithin(deps.heartbeatMs);
  return reader;
}

function framingFor(exchange: Exchange): Framing {
  const { lines, streamEvents } = exchange.dialect;
  const identity = identityOf(exchange);
  return framingOf(exchange.res, {
    notice: lines && ((status) => lines.notice(status, identity)),
    heartbeat: streamEvents?.heartbeat,
  });
}

/**
 * A background answer continues without its client. It is written to the response's log only, where deliver() writes every
 * stored answer. The client gets the state of the answer, which is still empty, or reads that log.
 */
function backgroundSink(exchange: Exchange, deps: SinkDeps): Sink {
  const { res, client, parsed } = exchange;
  const reader = parsed.isStreamed ? readerOf(exchange, deps) : null;
  let hasBegun = false;
  return {
    takesBody: false,
    begin: (response) => {
      if (!response) throw new Error("a background answer must be stored");
      hasBegun = true;
      client.detach();
      // Not awaited: a slow reader may take much longer than the answer.
      if (reader) return void reader.follow(response.log, -1);
      res.json(response.state());
    },
    send: () => undefined,
    end: () => {},
    fail: (error, last) => {
      if (hasBegun || !reader) return;
      reader.stream.fail(error, last);
      reader.leave();
    },
    close: () => {},
  };
}

/**
 * A resumable stream survives its connection: it is written to a log, which the client reads, and reads on after a reconnect.
 * The store stops a stream that no client has read for the grace period.
 */
function resumableSink(exchange: Exchange, deps: SinkDeps): ChosenSink {
  const { res, client, waitStatus, model, parsed, admission } = exchange;
  const { abort, signal } = client;
  const streamId = `stream_${randomBytes(12).toString("hex")}`;
  const isBare = framingFor(exchange).eventIds === "asked";
  const owner = ownerOf(res);
  const stream = deps.streams.begin({ id: streamId, owner, waitStatus, abort, isBare });
  const { log, token } = stream;
  const isKept = model.engine.keepsStreams === true && isRepeatable(parsed);
  const mayContinue = () => isKept && admission.hadTurn;
  const writer = logSink(stream, { ...deps, signal, mayContinue });
  const detach = deps.streams.attach(stream);
  client.detach();
  res.setHeader("location", `${STREAMS_PATH}/${streamId}?token=${token}`);
  const reader = readerOf(exchange, deps);
  // Not awaited: a slow reader may take much longer than the answer.
  const follow = () => void reader.follow(log, -1).finally(detach);
  let hasBegun = false;
  const sink: Sink = {
    ...writer,
    begin: () => {
      hasBegun = true;
      follow();
    },
    fail: (error, last) => {
      if (hasBegun) return writer.fail(error, last);
      log.append(last);
      if (reader.stream.isOpen) return follow();
      res.removeHeader("location");
      reader.leave();
      detach();
    },
  };
  return { sink, keptAs: isKept ? { streamId, token, isBare } : null };
}

type LogSinkOptions = Pick<SinkDeps, "streams"> & {
  readonly signal: AbortSignal;
  /** Whether another gateway can continue the stream: a node has begun it. */
  readonly mayContinue: () => boolean;
};

/** Writes to the log of a resumable stream. */
export function logSink(
  stream: KeptAnswer,
  { streams, signal, mayContinue }: LogSinkOptions,
): Sink {
  const { log } = stream;
  const end = () => streams.end(stream);
  return {
    takesBody: false,
    begin: () => {},
    send: (frames) => {
      log.append(frames);
      return log.room(signal);
    },
    end,
    fail: (error, last) => {
      if (mayContinue() && isLeftToOthers(error)) streams.leave(stream, continuedElsewhere());
      else log.append(last);
    },
    close: end,
  };
}

/** An outcome that is never sent: the connections of its readers break, and they reconnect. */
function continuedElsewhere(): ServiceError {
  return new ServiceError("aborted", "another gateway continues this stream");
}
