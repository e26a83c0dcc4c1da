// A stream that survives its connection: written to a log, which its client reads, and reads again when it was lost. When
// nobody has been reading for a while, it is stopped.

import type { Request } from "express";
import type { Dialect } from "../../api/dialect.ts";
import { ServiceError, toServiceError } from "../../errors.ts";
import type { KeptStream } from "../../resume/stream-store.ts";
import { ownerOf } from "../server/middleware.ts";
import { followLog } from "../stream/follow-log.ts";
import { type Accepted, accept } from "./accept.ts";
import { describeWait, type Exchange } from "./exchange.ts";
import { endKept, failAnswer } from "./keep-answer.ts";
import { errorFrame, openReader, writeChoices } from "./stream-answer.ts";

const HEADER = "x-resumable";
export const STREAMS_PATH = "/v1/streams";

/**
 * @param isDefault whether streams are resumable that say nothing of it
 * @throws ServiceError 400, also for streams of lines: there is no place in them for the ids of events
 */
export function wantsResumable(
  req: Request,
  { lines }: Pick<Dialect, "lines">,
  isDefault: boolean,
): boolean {
  const given = req.get(HEADER);
  if (given === undefined) return isDefault && !lines;
  if (/^(true|1|on)$/i.test(given)) {
    if (!lines) return true;
    const message = `${HEADER} is for streams of server-sent events; these are lines of JSON`;
    throw new ServiceError("invalid_value", message, { param: HEADER });
  }
  if (/^(false|0|off)$/i.test(given)) return false;
  throw new ServiceError("invalid_value", `${HEADER} is true or false`, { param: HEADER });
}

/** @throws ServiceError what it failed with, for the log; its readers know by then */
export async function streamResumably(on: Exchange): Promise<void> {
  const { deps, res, client } = on;
  const { abort } = client;
  const news = () => describeWait(on);
  const stream = deps.streams.begin({ owner: ownerOf(res), waitStatus: news, abort });
  const detach = stream.attach();
  client.detach();
  res.setHeader("location", `${STREAMS_PATH}/${stream.id}?token=${stream.token}`);
  const reader = openReader(on);
  const follow = () => {
    // Not awaited: the answer may end long before a slow reader has all of it.
    void followLog({ ...reader, log: stream.log, after: -1 }).finally(detach);
  };
  let isAccepted = false;
  try {
    const accepted = await accept(on);
    isAccepted = true;
    follow();
    await writeTo(stream, accepted);
  } catch (error) {
    const isOpen = reader.sse.isOpen;
    if (!isAccepted && isOpen) {
      stream.log.append([errorFrame(on, toServiceError(error))]);
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

async function writeTo({ log, end }: KeptStream, accepted: Accepted): Promise<void> {
  const { kept, client } = accepted;
  try {
    await writeChoices(accepted, {
      send: async (frames) => {
        kept?.response.log.append(frames);
        log.append(frames);
        await log.room(client.signal);
      },
      end: () => {
        endKept(accepted);
        end();
      },
    });
  } catch (thrown) {
    const error = toServiceError(thrown);
    log.append(failAnswer(accepted, error) ?? [errorFrame(accepted, error)]);
    throw error;
  }
}
