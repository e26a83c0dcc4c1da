// One handler for embeddings and reranking: parse → enter the queue → compute → one JSON body. Every request ends exactly
// once: with its answer, or with one error in OpenAI's envelope.

import type { RequestHandler } from "express";
import type { EmbeddingApi } from "../../api/embedding-api.ts";
import type { EmbeddingRequest } from "../../generation/embedding.ts";
import type { Caller } from "../../keys/caller.ts";
import type { GenerateHandlerDeps } from "../generate/generate-handler.ts";
import { watchWithin } from "../generate/time-limits.ts";
import { nameIgnored, refuseUnknown } from "../server/ignored-params.ts";
import { callerOf, localsOf, ownerOf, requestIdOf } from "../server/response-locals.ts";
import type { ClientWatch } from "../stream/disconnect.ts";
import { sendJson } from "../stream/send-json.ts";
import { EmbeddingRecord } from "./embedding-record.ts";
import type { EmbeddingService } from "./embedding-service.ts";

export type EmbeddingDeps = Pick<
  GenerateHandlerDeps,
  "metrics" | "log" | "requests" | "usage" | "isStrict" | "requestTimeoutMs" | "stallTimeoutMs"
>;

export function embeddingHandler(
  api: EmbeddingApi,
  service: EmbeddingService,
  deps: EmbeddingDeps,
): RequestHandler {
  const { metrics, log, requests, usage, stallTimeoutMs } = deps;
  return async (req, res) => {
    const client = watchWithin(req, res, deps.requestTimeoutMs);
    const requestId = requestIdOf(res);
    const record = new EmbeddingRecord({ requestId, path: api.paths[0], metrics, log });
    localsOf(res).isRecorded = true; // by `record.end()` below, however it ends
    const leaveList = requests.add({
      requestId,
      owner: ownerOf(res),
      path: api.paths[0],
      startedAtMs: performance.now(),
      state: () => stateOf(record),
      abort: client.abort,
    });
    let failure: unknown = null;
    try {
      const parsed = api.parse(req.body);
      refuseUnknown(parsed, deps.isStrict);
      record.model = service.catalog.resolve(parsed.model);
      nameIgnored(res, parsed);
      const body = await compute({ parsed, service, client, record, usage, caller: callerOf(res) });
      await sendJson(res, body, { stallTimeoutMs, signal: client.signal });
    } catch (error) {
      failure = error;
      if (!res.headersSent && !res.destroyed) throw error; // the error mapper answers
      res.destroy(); // part of the body is sent: only a broken connection can show the error
    } finally {
      leaveList();
      client.dispose();
      record.end(failure);
    }
  };
}

function stateOf({ model, promptTokens }: EmbeddingRecord) {
  return { model, isStreamed: false, place: null, promptTokens, generatedTokens: 0 };
}

type Computation = {
  readonly parsed: ReturnType<EmbeddingApi["parse"]>;
  readonly service: EmbeddingService;
  readonly client: ClientWatch;
  readonly record: EmbeddingRecord;
  readonly usage: EmbeddingDeps["usage"];
  readonly caller: Caller;
};

async function compute(options: Computation): Promise<string> {
  const { parsed, service, client, record, usage, caller } = options;
  const { engine, queue } = service;
  const encoder = parsed.encoder();
  const { signal, abort } = client;
  const ticket = queue.enter({ signal, abort, caller });
  ticket.expect({ promptTokens: expectedTokens(parsed.request), maxTokens: 0 });
  try {
    await ticket.acquire();
    const { promptTokens } = await engine.run(parsed.request, {
      signal: client.signal,
      onResult: (values) => {
        encoder.add(values);
        record.inputs += 1;
      },
    });
    record.promptTokens = promptTokens;
    ticket.chargeAll(promptTokens);
    const { waitedMs: queueMs } = ticket;
    return encoder.body({
      model: record.model ?? "",
      promptTokens,
      queueMs,
      totalMs: record.ageMs,
    });
  } finally {
    record.queueMs = ticket.waitedMs;
    usage.add(caller, { promptTokens: record.promptTokens, cachedTokens: 0, completionTokens: 0 });
    ticket.leave();
  }
}

/** Average characters per token, to estimate the cost of an input before it is tokenized. */
const CHARACTERS_PER_TOKEN = 4;

function expectedTokens(request: EmbeddingRequest): number {
  const { inputs, query } =
    request.type === "embed"
      ? { inputs: request.inputs, query: "" }
      : { inputs: request.documents, query: request.query };
  const estimate = (input: string | readonly number[]) =>
    typeof input === "string" ? input.length / CHARACTERS_PER_TOKEN : input.length;
  return Math.ceil(inputs.reduce((sum, input) => sum + estimate(input) + estimate(query), 0));
}
