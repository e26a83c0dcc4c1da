// One request on its way through the generate handler: the shapes that the steps of this folder hand on.

import { randomUUID } from "node:crypto";
import type { Request, Response } from "express";
import type {
  AnswerEncoder,
  AnswerIdentity,
  Dialect,
  Flush,
  Frame,
  ParsedRequest,
} from "../../api/dialect.ts";
import type { ServiceError } from "../../errors.ts";
import type { GenerateEvent } from "../../generation/events.ts";
import type { PreparedRequest } from "../../generation/request.ts";
import type { Tally } from "../../generation/tally.ts";
import type { WaitingStatus } from "../../generation/wait-status.ts";
import type { GeneratingModel } from "../../models/names/offered-model.ts";
import type { Admission } from "../../queue/admission.ts";
import type { GateRequest } from "../../queue/lane.ts";
import type { KeptResponse } from "../../resume/stored-responses.ts";
import { ownerOf } from "../server/response-locals.ts";
import type { ClientWatch, RequestEnds } from "../stream/disconnect.ts";
import type { RequestRecord } from "./request-record.ts";
import type { CacheWatch } from "./watch-cache.ts";

/** A request that has arrived and is not parsed yet. */
export type Arrival = {
  readonly dialect: Dialect;
  readonly requestId: string;
  readonly req: Request;
  readonly res: Response;
  readonly client: ClientWatch;
  readonly record: RequestRecord;
};

/** A parsed request that has entered the queue. */
export type Exchange = Arrival & {
  readonly parsed: ParsedRequest;
  readonly model: GeneratingModel;
  readonly admission: Admission;
  /** Null while there is nothing to wait for. */
  readonly waitStatus: () => WaitingStatus | null;
};

/** An accepted request: its answer can be generated and written. It needs no connection. */
export type AcceptedAnswer = Pick<Arrival, "dialect" | "requestId" | "record"> & {
  readonly client: Pick<RequestEnds, "abort">;
  readonly flush: Flush;
  /** One for each choice. */
  readonly prepared: readonly PreparedRequest[];
  readonly encoder: AnswerEncoder;
  /** Null if the answer is not stored. */
  readonly stored: KeptResponse | null;
  /** The engine's events of one choice. */
  readonly events: (choice: number) => AsyncIterable<GenerateEvent>;
  /** Charges what one choice has cost so far to the request's key. */
  readonly charge: (choice: number, tally: Tally) => void;
  readonly promptRead: CacheWatch["read"];
};

/** As what the request waits until its model is loaded. */
export function gateOf({ res, client, parsed, admission }: Exchange): GateRequest {
  return {
    owner: ownerOf(res),
    isFlex: parsed.isFlex,
    arrivedAtMs: admission.enteredAtMs,
    places: admission.places,
    signal: client.signal,
  };
}

export function identityOf({ record }: Pick<Exchange, "record">): AnswerIdentity {
  return {
    id: randomUUID().replaceAll("-", ""),
    model: record.model ?? "",
    createdAtSeconds: Math.floor(Date.now() / 1000),
  };
}

/** The frame of a failure, in the dialect of the request. */
export function errorFrame(
  { dialect, requestId }: Pick<Arrival, "dialect" | "requestId">,
  error: ServiceError,
): Frame {
  const data = JSON.stringify(dialect.encodeError(error, requestId));
  return dialect.streamEvents ? { event: dialect.streamEvents.error, data } : { data };
}
