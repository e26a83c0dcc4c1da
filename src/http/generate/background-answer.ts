// An answer that goes on without its client: it is written to its log, where whoever comes back can read it. The client
// that asked for it reads that log too, if it wants a stream.

import { toServiceError } from "../../errors.ts";
import { destroyIfStuck } from "../stream/disconnect.ts";
import { followLog } from "../stream/follow-log.ts";
import type { ReaderDeps } from "../stream/reader.ts";
import { type AcceptDeps, type Accepted, accept, type Kept } from "./accept.ts";
import type { Exchange } from "./exchange.ts";
import { endKept, failAnswer } from "./keep-answer.ts";
import { errorFrame, openReader, writeChoices } from "./stream-answer.ts";

/** The client gets the answer as it stands at its beginning. @throws ServiceError what it failed with later, for the log */
export async function answerLater(
  on: Exchange,
  deps: AcceptDeps & Pick<ReaderDeps, "stallTimeoutMs">,
): Promise<void> {
  const { res, client } = on;
  const accepted = await accept(on, deps);
  client.detach();
  const writing = writeToLog(accepted);
  res.json(keptOf(accepted).response.state());
  destroyIfStuck(res, deps.stallTimeoutMs);
  await writing;
}

/** The client follows from the first event on. @throws as `answerLater()` */
export async function replay(on: Exchange, deps: AcceptDeps & ReaderDeps): Promise<void> {
  const reader = openReader(on, deps);
  let accepted: Accepted;
  try {
    accepted = await accept(on, deps);
  } catch (error) {
    if (reader.sse.isOpen) reader.sse.end([errorFrame(on, toServiceError(error))]);
    reader.leave();
    throw error;
  }
  on.client.detach();
  const { log } = keptOf(accepted).response;
  // Not awaited: the answer may end long before a slow reader has all of it.
  void followLog({ ...reader, log, after: -1 });
  await writeToLog(accepted);
}

/** @throws ServiceError what it failed with, after it has been written down */
async function writeToLog(accepted: Accepted): Promise<void> {
  const { log } = keptOf(accepted).response;
  try {
    await writeChoices(accepted, {
      send: (frames) => log.append(frames),
      end: () => endKept(accepted),
    });
  } catch (error) {
    failAnswer(accepted, toServiceError(error));
    throw error;
  }
}

function keptOf({ kept }: Accepted): Kept {
  if (!kept) throw new Error("an answer in the background is kept");
  return kept;
}
