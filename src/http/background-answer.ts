// An answer that goes on without its client: it is written to its log, where whoever comes back can read it. The client
// that asked for it reads that log too, if it wants a stream.

import { toServiceError } from "../errors.ts";
import { type Accepted, accept, type Kept } from "./accept.ts";
import { watchClient } from "./disconnect.ts";
import { destroyIfStuck, type Exchange } from "./exchange.ts";
import { followLog } from "./follow-log.ts";
import { endKept, failAnswer } from "./keep-answer.ts";
import { requestIdOf } from "./middleware.ts";
import { errorFrame, openStream, writeChoices } from "./stream-answer.ts";

/** The client gets the answer as it stands at its beginning. @throws ServiceError what it failed with later, for the log */
export async function answerLater(on: Exchange): Promise<void> {
  const { deps, res, client } = on;
  const accepted = await accept(on);
  client.detach();
  const writing = writeToLog(accepted);
  res.json(keptOf(accepted).response.state());
  destroyIfStuck(res, deps.options.stallTimeoutMs);
  await writing;
}

/** The client follows from the first event on. @throws as `answerLater()` */
export async function streamFromBehind(on: Exchange): Promise<void> {
  const { deps, req, res } = on;
  const reader = watchClient(req, res, deps.options.requestTimeoutMs);
  const sse = openStream(on, reader.signal);
  try {
    const accepted = await accept(on);
    on.client.detach();
    const following = followLog({
      log: keptOf(accepted).response.log,
      after: -1,
      sse,
      signal: reader.signal,
      errorFrame: (error) => errorFrame(on, error),
      logger: deps.log,
      requestId: requestIdOf(res),
    });
    const [written] = await Promise.allSettled([writeToLog(accepted), following]);
    if (written.status === "rejected") throw written.reason;
  } catch (error) {
    if (sse.isOpen) sse.end([errorFrame(on, toServiceError(error))]);
    throw error;
  } finally {
    sse.close();
    reader.dispose();
    destroyIfStuck(res, deps.options.stallTimeoutMs);
  }
}

/** @throws ServiceError what it failed with, after it has been written down */
async function writeToLog(accepted: Accepted): Promise<void> {
  const { log } = keptOf(accepted).response;
  try {
    await writeChoices(accepted, (frames) => log.append(frames));
    endKept(accepted);
  } catch (error) {
    failAnswer(accepted, toServiceError(error));
    throw error;
  }
}

function keptOf({ kept }: Accepted): Kept {
  if (!kept) throw new Error("an answer in the background is kept");
  return kept;
}
