// The server's state in the form of llama.cpp's server: its slots and its properties.

import type { Express, Request, Response } from "express";
import { defaultSettings } from "../../api/llama-cpp/infill.ts";
import { encodeProps, encodeSlots } from "../../api/llama-cpp/state.ts";
import { encodeOpenaiError } from "../../api/openai/encoder.ts";
import { ServiceError } from "../../errors.ts";
import type { Catalog } from "../../models/catalog.ts";
import type { Admissions } from "../../queue/admissions.ts";
import { type DefaultsDeps, defaultContext } from "../generate/parse-context.ts";
import { mountGet } from "../server/middleware.ts";
import { ownerOf, seesAll } from "../server/response-locals.ts";

export const STATE_PATHS = ["/slots", "/props"];

export type StateDeps = DefaultsDeps & {
  readonly catalog: Catalog;
  readonly queue: Admissions;
  /** The name and version of this server. */
  readonly build: string;
  /** The name of the GGUF file, without its folder. */
  readonly modelFile: string;
};

export function mountState(app: Express, deps: StateDeps): void {
  mountGet(app, "/slots", (req, res) => sendSlots(req, res, deps));
  mountGet(app, "/props", (_req, res) => void res.json(describeServer(deps)));
}

function sendSlots({ query }: Request, res: Response, deps: StateDeps): void {
  const { contextTokens } = loadedModel(deps);
  const { queue } = deps;
  const mayBeFull = [undefined, "", "0"].includes(query.fail_on_no_slot?.toString());
  const shown = queue.slotsShownTo(seesAll(res) ? null : ownerOf(res));
  if (mayBeFull || queue.busy < queue.slots)
    return void res.json(encodeSlots(shown, contextTokens));
  // Sent and not thrown, so that it is not logged as a failure: the client asked whether a slot is free.
  const full = new ServiceError("no_free_slot", `all ${queue.slots} slots are busy`);
  res.status(full.traits.status).json(encodeOpenaiError(full));
}

function describeServer(deps: StateDeps): object {
  return encodeProps({
    build: deps.build,
    alias: deps.catalog.realId,
    modelFile: deps.modelFile,
    slots: deps.queue.slots,
    defaultSettings: defaultSettings(defaultContext(deps)),
    model: loadedModel(deps),
  });
}

/** @throws ServiceError until the model has been loaded for the first time */
function loadedModel({ engine }: Pick<StateDeps, "engine">) {
  const { model, state } = engine.status();
  if (model) return model;
  const message = `the model is not loaded (${state}); GET /ready says more`;
  throw new ServiceError("engine_unavailable", message);
}
