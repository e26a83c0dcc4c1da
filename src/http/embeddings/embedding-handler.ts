// One handler for embeddings and reranking: parse → enter the queue → compute → one JSON body. Every request ends exactly
// once: with its answer, or with one error in OpenAI's envelope.

import type { Request, RequestHandler, Response } from "express";
import type { EmbeddingApi } from "../../api/embedding-api.ts";
import { toServiceError } from "../../errors.ts";
import type { EmbeddingRequest } from "../../generation/embedding.ts";
import type { Fleet } from "../../models/fleet/fleet.ts";
import type { ModelList } from "../../models/model-list.ts";
import type { Admissions } from "../../queue/admissions.ts";
import type { GenerateHandlerDeps } from "../generate/generate-handler.ts";
import { watchWithin } from "../generate/time-limits.ts";
import { allowedModels } from "../server/allowed-models.ts";
import { requestFacts } from "../server/ended-request.ts";
import { nameIgnored, refuseUnknown } from "../server/ignored-params.ts";
import { callerOf, localsOf, requestIdOf } from "../server/response-locals.ts";
import type { ClientWatch } from "../stream/disconnect.ts";
import { sendJson } from "../stream/send-json.ts";
import { EmbeddingRecord } from "./embedding-record.ts";

export type EmbeddingDeps = Pick<
  GenerateHandlerDeps,
  "journal" | "usage" | "isStrict" | "requestTimeoutMs" | "stallTimeoutMs"
> & {
  readonly models: Pick<ModelList, "allowedTo">;
  readonly fleet: Pick<Fleet, "charge">;
  /** The queue of the models that compute embeddings. */
  readonly embeddingQueue: Admissions;
};

export function embeddingHandler(api: EmbeddingApi, deps: EmbeddingDeps): RequestHandler {
  return async (req, res) => {
    const client = watchWithin(req, res, deps.requestTimeoutMs);
    const record = new EmbeddingRecord();
    localsOf(res).isRecorded = true; // in the journal below, however it ends
    let failure: unknown = null;
    try {
      await answer({ api, req, res, client, record }, deps);
    } catch (error) {
      failure = error;
      if (!res.headersSent && !res.destroyed) throw error; // the error mapper answers
      res.destroy(); // part of the body is sent: only a broken connection can show the error
    } finally {
      client.dispose();
      recordEnd({ api, req, res, record }, failure, deps);
    }
  };
}

type EmbeddingExchange = {
  readonly api: EmbeddingApi;
  readonly req: Request;
  readonly res: Response;
  readonly client: ClientWatch;
  readonly record: EmbeddingRecord;
};

function recordEnd(
  { api, req, res, record }: Omit<EmbeddingExchange, "client">,
  thrown: unknown,
  { journal }: Pick<EmbeddingDeps, "journal">,
): void {
  const facts = requestFacts(req, res, thrown === null ? null : toServiceError(thrown));
  const outcome = facts.failure?.code ?? "computed";
  journal.ended({ ...facts, path: api.paths[0], outcome, work: record.work });
}

async function answer(
  { api, req, res, client, record }: EmbeddingExchange,
  deps: EmbeddingDeps,
): Promise<void> {
  const parsed = api.parse(req.body);
  refuseUnknown(parsed, deps.isStrict);
  const { id, model } = allowedModels(res, deps.models).resolveEmbedding(
    parsed.model,
    parsed.request.type,
  );
  record.model = id;
  record.servedModel = model.servedModel;
  model.engine.check(parsed.request);
  nameIgnored(res, parsed);
  const { signal, abort } = client;
  const { request } = parsed;
  const encoder = parsed.encoder();
  const caller = callerOf(res);
  const listing = { requestId: requestIdOf(res), path: api.paths[0], record };
  const lane = model.lane.name;
  const admission = deps.embeddingQueue.enter({ signal, abort, caller, lane, choices: 1, listing });
  record.admission = admission;
  const onResult = (values: Float64Array) => {
    encoder.add(values);
    record.inputs += 1;
  };
  const compute = async () => {
    const ticket = admission.ticketOf(0);
    ticket.expect({ promptTokens: expectedTokens(request), maxTokens: 0 });
    const { enteredAtMs: arrivedAtMs, places } = admission;
    const gate = { owner: caller.owner, isFlex: false, arrivedAtMs, signal, places };
    await model.ready(gate);
    await ticket.acquire();
    const { promptTokens } = await model.engine.run(request, { signal, onResult });
    record.promptTokens = promptTokens;
    ticket.chargeAll(promptTokens);
    deps.fleet.charge(gate, promptTokens);
    return encoder.body({
      model: id,
      promptTokens,
      queueMs: admission.waitedMs,
      totalMs: record.ageMs,
    });
  };
  try {
    const body = await compute().finally(() => {
      const { promptTokens } = record;
      deps.usage.add(caller, { promptTokens, cachedTokens: 0, completionTokens: 0 });
      admission.freePlaces(); // the body is sent without a place in the queue
    });
    await sendJson(res, body, { stallTimeoutMs: deps.stallTimeoutMs, signal });
  } finally {
    admission.leave();
  }
}

/** Average characters per token, to estimate the cost of an input before it is tokenized. */
const CHARACTERS_PER_TOKEN = 4;

function expectedTokens(request: EmbeddingRequest): number {
  const inputs =
    request.type === "embed"
      ? request.inputs
      : request.documents.flatMap((document) => [document, request.query]);
  const estimate = (input: string | readonly number[]) =>
    typeof input === "string" ? input.length / CHARACTERS_PER_TOKEN : input.length;
  return Math.ceil(inputs.reduce((sum, input) => sum + estimate(input), 0));
}
