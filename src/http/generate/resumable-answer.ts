// A resumable stream survives its connection: it is written to a log, which the client reads, and reads on after a
// reconnect. The store stops a stream that no client has read for the grace period.

import type { Request } from "express";
import type { Dialect } from "../../api/dialect.ts";
import { invalidValue } from "../../api/shared/refusals.ts";
import { toServiceError } from "../../errors.ts";
import type { KeptStream, StreamStore } from "../../resume/stream-store.ts";
import { ownerOf } from "../server/response-locals.ts";
import { followLog } from "../stream/follow-log.ts";
import type { ReaderDeps } from "../stream/reader.ts";
import { type AcceptDeps, type AcceptedExchange, accept } from "./accept.ts";
import type { Exchange } from "./exchange.ts";
import { endStoredAnswer, failAnswer } from "./stored-answer.ts";
import { errorFrame, openReader, writeChoices } from "./stream-answer.ts";

export type ResumableDeps = AcceptDeps & ReaderDeps & { readonly streams: StreamStore };

const HEADER = "x-resumable";
export const STREAMS_PATH = "/v1/streams";

/**
 * @param isDefault for requests without the header
 * @throws ServiceError 400, also for streams of JSON lines, which have no place for event ids
 */
export function isResumableRequest(
  req: Request,
  { lines }: Pick<Dialect, "lines">,
  isDefault: boolean,
): boolean {
  const given = req.get(HEADER);
  if (given === undefined) return isDefault && !lines;
  if (/^(true|1|on)$/i.test(given)) {
    if (!lines) return true;
    throw invalidValue(
      HEADER,
      "requires a stream of server-sent events; this path streams lines of JSON",
    );
  }
  if (/^(false|0|off)$/i.test(given)) return false;
  throw invalidValue(HEADER, "must be true or false");
}

/** @throws ServiceError the failure, for the log; its readers have been sent it already */
export async function streamResumably(exchange: Exchange, deps: ResumableDeps): Promise<void> {
  const { res, client, waitStatus } = exchange;
  const owner = ownerOf(res);
  const stream = deps.streams.begin({ owner, waitStatus, abort: client.abort });
  const detach = stream.attach();
  client.detach();
  res.setHeader("location", `${STREAMS_PATH}/${stream.id}?token=${stream.token}`);
  const reader = openReader(exchange, deps);
  const follow = () => {
    // Not awaited: a slow reader may take much longer than the answer.
    void followLog({ ...reader, log: stream.log, after: -1 }).finally(detach);
  };
  let isAccepted = false;
  try {
    const accepted = await accept(exchange, deps);
    isAccepted = true;
    follow();
    await writeTo(stream, accepted);
  } catch (error) {
    const isOpen = reader.sse.isOpen;
    if (!isAccepted && isOpen) {
      stream.log.append([errorFrame(exchange, toServiceError(error))]);
      follow();
    } else if (!isAccepted) {
      res.removeHeader("location");
      reader.leave();
      detach();
    }
    throw error;
  } finally {
    stream.end();
  }
}

async function writeTo({ log, end }: KeptStream, accepted: AcceptedExchange): Promise<void> {
  const { stored, client } = accepted;
  try {
    await writeChoices(accepted, {
      send: async (frames) => {
        stored?.response.log.append(frames);
        log.append(frames);
        await log.room(client.signal);
      },
      end: () => {
        endStoredAnswer(accepted);
        end();
      },
    });
  } catch (thrown) {
    const error = toServiceError(thrown);
    log.append(failAnswer(accepted, error) ?? [errorFrame(accepted, error)]);
    throw error;
  }
}
