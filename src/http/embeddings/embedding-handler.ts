// One handler for embeddings and rankings: parse → wait in line → compute → one JSON body. Whatever happens, the request
// ends once: with its answer, or with one error in OpenAI's envelope.

import type { RequestHandler } from "express";
import type { EmbeddingApi } from "../../api/embedding-api.ts";
import type { EmbeddingRequest } from "../../generation/embedding.ts";
import type { Caller } from "../../keys/caller.ts";
import type { UsageBook } from "../../keys/usage-book.ts";
import { destroyIfStuck, type EmbeddingService, type HandlerDeps } from "../generate/exchange.ts";
import { watchWithin } from "../generate/time-limits.ts";
import { nameIgnored, refuseUnknown } from "../server/ignored-params.ts";
import { callerOf, ownerOf } from "../server/middleware.ts";
import type { ClientWatch } from "../stream/disconnect.ts";
import { sendJson } from "../stream/send-json.ts";
import { EmbeddingRecord } from "./embedding-record.ts";

type Deps = Pick<HandlerDeps, "metrics" | "log" | "options" | "requests" | "usage">;

export function embeddingHandler(
  api: EmbeddingApi,
  service: EmbeddingService,
  { metrics, log, options, requests, usage }: Deps,
): RequestHandler {
  return async (req, res) => {
    const client = watchWithin(req, res, options.requestTimeoutMs);
    const requestId = String(res.getHeader("x-request-id"));
    const record = new EmbeddingRecord({ requestId, path: api.paths[0], metrics, log });
    res.locals.isRecorded = true; // here, whatever becomes of it
    const leaveList = requests.add({
      ...{ requestId, owner: ownerOf(res), path: api.paths[0], startedAtMs: performance.now() },
      state: () => ({
        ...{ model: record.model, isStreamed: false, place: null },
        ...{ promptTokens: record.promptTokens, generatedTokens: 0 },
      }),
      abort: client.abort,
    });
    let failure: unknown = null;
    try {
      const parsed = api.parse(req.body);
      refuseUnknown(parsed, options.isStrict);
      record.model = service.catalog.resolve(parsed.model);
      nameIgnored(res, parsed);
      const body = await compute({ parsed, service, client, record, usage, caller: callerOf(res) });
      await sendJson(res, body, { ...options, signal: client.signal });
      destroyIfStuck(res, options.stallTimeoutMs);
    } catch (error) {
      failure = error;
      if (!res.headersSent && !res.destroyed) throw error; // the error mapper answers
      res.destroy(); // it has a part of its body already: nothing but a broken connection tells it
    } finally {
      leaveList();
      client.dispose();
      record.end(failure);
    }
  };
}

type Computation = {
  readonly parsed: ReturnType<EmbeddingApi["parse"]>;
  readonly service: EmbeddingService;
  readonly client: ClientWatch;
  readonly record: EmbeddingRecord;
  readonly usage: UsageBook;
  readonly caller: Caller;
};

async function compute(of: Computation): Promise<string> {
  const { parsed, service, client, record, usage, caller } = of;
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
    usage.add(caller, {
      promptTokens: record.promptTokens,
      cachedTokens: 0,
      completionTokens: 0,
    });
    ticket.leave();
  }
}

/** Characters of a token in the mean: what an input costs is known only when it has been computed. */
const TOKEN_CHARACTERS = 4;

function expectedTokens(request: EmbeddingRequest): number {
  const { inputs, query } =
    request.type === "embed"
      ? { inputs: request.inputs, query: "" }
      : { inputs: request.documents, query: request.query };
  const weigh = (input: string | readonly number[]) =>
    typeof input === "string" ? input.length / TOKEN_CHARACTERS : input.length;
  return Math.ceil(inputs.reduce((sum, input) => sum + weigh(input) + weigh(query), 0));
}
