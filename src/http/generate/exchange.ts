// One request on its way through the generate handler: the two shapes that the steps of this folder hand on.

import type { Request, Response } from "express";
import type { Dialect, ParsedRequest } from "../../api/dialect.ts";
import type { GenerateEvent } from "../../generation/events.ts";
import type { PreparedRequest } from "../../generation/request.ts";
import type { WaitingStatus } from "../../generation/wait-status.ts";
import type { Admission } from "../../queue/admission.ts";
import type { ClientWatch } from "../stream/disconnect.ts";
import type { RequestRecord } from "./request-record.ts";

/** A request that has arrived and is not parsed yet. */
export type Arrival = {
  readonly dialect: Dialect;
  readonly req: Request;
  readonly res: Response;
  readonly client: ClientWatch;
  readonly record: RequestRecord;
};

/** A parsed request that has entered the queue. */
export type Exchange = Arrival & {
  readonly parsed: ParsedRequest;
  readonly admission: Admission;
  /** Queue position or load progress; null while there is nothing to wait for. */
  readonly waitStatus: () => WaitingStatus | null;
  /** The engine's events of one choice. */
  readonly generate: (prepared: PreparedRequest, choice: number) => AsyncGenerator<GenerateEvent>;
};
