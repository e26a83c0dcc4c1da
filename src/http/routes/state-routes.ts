// The server's state in the form of llama.cpp's server: its slots and its properties.

import path from "node:path";
import type { Express, Request, Response } from "express";
import { defaultSettings } from "../../api/llama-cpp/infill.ts";
import { encodeProps, encodeSlots } from "../../api/llama-cpp/state.ts";
import { encodeOpenaiError } from "../../api/openai/encoder.ts";
import { ServiceError } from "../../errors.ts";
import type { ModelList } from "../../models/model-list.ts";
import type { OfferedModel } from "../../models/names/offered-model.ts";
import type { Admissions } from "../../queue/admissions.ts";
import { type DefaultsDeps, defaultContext } from "../generate/parse-context.ts";
import { allowedModels } from "../server/allowed-models.ts";
import { mountGet } from "../server/middleware.ts";
import { ownerOf, seesAll } from "../server/response-locals.ts";

export const STATE_PATHS = ["/slots", "/props"];

export type StateDeps = DefaultsDeps & {
  readonly models: Pick<ModelList, "allowedTo" | "find">;
  readonly queue: Admissions;
  /** The name and version of this server. */
  readonly build: string;
};

/** Both answer about one model: `?model=NAME`, or the default one. */
export function mountState(app: Express, deps: StateDeps): void {
  mountGet(app, "/slots", (req, res) => sendSlots(req, res, deps));
  mountGet(app, "/props", (req, res) => void res.json(describeServer(req, res, deps)));
}

function sendSlots(req: Request, res: Response, deps: StateDeps): void {
  const { model, info } = askedModel(req, res, deps);
  const { lane } = model;
  const mayBeFull = [undefined, "", "0"].includes(req.query.fail_on_no_slot?.toString());
  const shown = deps.queue.slotsShownTo(seesAll(res) ? null : ownerOf(res), lane.name);
  if (mayBeFull || lane.busy < lane.slots)
    return void res.json(encodeSlots(shown, info.contextTokens));
  // Sent and not thrown, so that it is not logged as a failure: the client asked whether a slot is free.
  const full = new ServiceError("no_free_slot", `all ${lane.slots} slots are busy`);
  res.status(full.traits.status).json(encodeOpenaiError(full));
}

function describeServer(req: Request, res: Response, deps: StateDeps): object {
  const { id, model, info } = askedModel(req, res, deps);
  return encodeProps({
    build: deps.build,
    alias: id,
    modelFile: fileNameOf(deps.models.find(id).model),
    slots: model.lane.slots,
    defaultSettings: defaultSettings(defaultContext(deps)),
    model: info,
  });
}

/** A model of other machines has only its name here. */
function fileNameOf({ spec }: OfferedModel): string {
  return spec.isRemote ? spec.names[0] : path.basename(spec.file);
}

/** @throws ServiceError until the model has been loaded for the first time: this does not load it */
function askedModel({ query }: Request, res: Response, { models }: StateDeps) {
  const { id, model } = allowedModels(res, models).resolve(query.model?.toString() ?? null);
  const { info } = model;
  if (info) return { id, model, info };
  const { state } = model.engine.status();
  const message = `the model is not loaded (${state}); GET /v1/models says more`;
  throw new ServiceError("engine_unavailable", message);
}
