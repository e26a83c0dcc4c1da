// A background answer continues without its client: it is written to its log in the response store. A client that asked for
// a stream reads that log like every client that reconnects.

import { toServiceError } from "../../errors.ts";
import { destroyIfStuck } from "../stream/disconnect.ts";
import { followLog } from "../stream/follow-log.ts";
import type { ReaderDeps } from "../stream/reader.ts";
import { type AcceptDeps, type AcceptedExchange, accept, type StoredAnswer } from "./accept.ts";
import type { Exchange } from "./exchange.ts";
import { endStoredAnswer, failAnswer } from "./stored-answer.ts";
import { errorFrame, openReader, writeChoices } from "./stream-answer.ts";

/** Sends the client the state of the answer, which is still empty. @throws ServiceError a later failure, for the log */
export async function answerLater(
  exchange: Exchange,
  deps: AcceptDeps & Pick<ReaderDeps, "stallTimeoutMs">,
): Promise<void> {
  const { res, client } = exchange;
  const accepted = await accept(exchange, deps);
  client.detach();
  const writing = writeToLog(accepted);
  res.json(storedOf(accepted).response.state());
  destroyIfStuck(res, deps.stallTimeoutMs);
  await writing;
}

/** Streams the log to the client from its first event. @throws as `answerLater()` */
export async function replay(exchange: Exchange, deps: AcceptDeps & ReaderDeps): Promise<void> {
  const reader = openReader(exchange, deps);
  let accepted: AcceptedExchange;
  try {
    accepted = await accept(exchange, deps);
  } catch (error) {
    if (reader.sse.isOpen) reader.sse.end([errorFrame(exchange, toServiceError(error))]);
    reader.leave();
    throw error;
  }
  exchange.client.detach();
  const { log } = storedOf(accepted).response;
  // Not awaited: a slow reader may take much longer than the answer.
  void followLog({ ...reader, log, after: -1 });
  await writeToLog(accepted);
}

/** @throws ServiceError the failure, after it was written to the log */
async function writeToLog(accepted: AcceptedExchange): Promise<void> {
  const { log } = storedOf(accepted).response;
  try {
    await writeChoices(accepted, {
      send: (frames) => log.append(frames),
      end: () => endStoredAnswer(accepted),
    });
  } catch (error) {
    failAnswer(accepted, toServiceError(error));
    throw error;
  }
}

function storedOf({ stored }: AcceptedExchange): StoredAnswer {
  if (!stored) throw new Error("a background answer must be stored");
  return stored;
}
