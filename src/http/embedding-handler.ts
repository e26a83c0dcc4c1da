// One handler for embeddings and rankings: parse → wait in line → compute → one JSON body. Whatever happens, the request
// ends once: with its answer, or with one error in OpenAI's envelope.

import type { RequestHandler } from "express";
import type { EmbeddingApi } from "../api/embedding-api.ts";
import type { ClientWatch } from "./disconnect.ts";
import { EmbeddingRecord } from "./embedding-record.ts";
import { destroyIfStuck, type EmbeddingService, type HandlerDeps } from "./exchange.ts";
import { nameIgnored, refuseUnknown } from "./ignored-params.ts";
import { ownerOf } from "./middleware.ts";
import { sendJson } from "./send-json.ts";
import { watchWithin } from "./time-limits.ts";

type Deps = Pick<HandlerDeps, "metrics" | "log" | "options" | "requests">;

export function embeddingHandler(
  api: EmbeddingApi,
  service: EmbeddingService,
  { metrics, log, options, requests }: Deps,
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
      const body = await compute({ parsed, service, client, record });
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
};

async function compute({ parsed, service, client, record }: Computation): Promise<string> {
  const { engine, queue } = service;
  const encoder = parsed.encoder();
  const ticket = queue.enter(client);
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
    return encoder.body({ model: record.model ?? "", promptTokens });
  } finally {
    record.queueMs = ticket.waitedMs;
    ticket.leave();
  }
}
