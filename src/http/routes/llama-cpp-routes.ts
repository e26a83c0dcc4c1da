// The routes that people know from llama.cpp's server, beside its dialects: what only asks the engine, and what shows the
// server's state. None of them needs a slot, or waits for one.

import type { Express, Request, RequestHandler, Response } from "express";
import type { Endpoint } from "../../api/endpoint.ts";
import { defaultSettings } from "../../api/llama-cpp/infill.ts";
import { encodeProps, encodeSlots } from "../../api/llama-cpp/state.ts";
import { encodeOpenaiError } from "../../api/openai/encoder.ts";
import { ENDPOINTS } from "../../api/wire-formats.ts";
import { compiledQuestion } from "../../compile/compiled-request.ts";
import { ServiceError } from "../../errors.ts";
import { askInTurn } from "../generate/ask-in-turn.ts";
import { compileSchemas } from "../generate/compiled-schemas.ts";
import { destroyIfStuck, type HandlerDeps, parseContext } from "../generate/exchange.ts";
import { watchWithin } from "../generate/time-limits.ts";
import { nameIgnored, refuseUnknown } from "../server/ignored-params.ts";
import type { ReadJson } from "../server/json-body.ts";
import { callerOf, methodNotAllowed, ownerOf, seesAll } from "../server/middleware.ts";
import { modelInPath, routeOf } from "./path-model.ts";

/** What counts and renders prompts. */
export const ASKING_PATHS = ENDPOINTS.map(({ path }) => path);
/** As Express has them. */
export const ASKING_EXPRESS_ROUTES = ASKING_PATHS.map(routeOf);
/** What shows the server's state. */
export const STATE_PATHS = ["/slots", "/props"];

export function mountNativeRoutes(app: Express, deps: HandlerDeps, readJson: ReadJson): void {
  for (const route of ENDPOINTS) {
    app.post(routeOf(route.path), readJson(askHandler(route, deps)));
    app.all(routeOf(route.path), methodNotAllowed("POST"));
  }
  app.get("/slots", (req, res) => sendSlots(req, res, deps));
  app.get("/props", (_req, res) => void res.json(describeServer(deps)));
  app.all(STATE_PATHS, methodNotAllowed("GET"));
}

function askHandler(route: Endpoint, deps: HandlerDeps): RequestHandler {
  const { catalog, options } = deps;
  return async (req, res) => {
    const { signal, abort, dispose } = watchWithin(req, res, options.requestTimeoutMs);
    try {
      const context = { ...parseContext(deps, ownerOf(res)), ...modelInPath(req) };
      const asked = route.parse(req.body, context);
      refuseUnknown(asked, options.isStrict);
      catalog.resolve(asked.model);
      nameIgnored(res, asked);
      const turn = { signal, abort, caller: callerOf(res), isAdmitted: false };
      const { ignoredParams } = asked;
      const request = asked.request ?? undefined;
      const compiled = await compileSchemas({ deps, res, signal, request, ignoredParams });
      const answer = await askInTurn(
        deps,
        turn,
        (ask) => asked.answer((question) => ask(compiledQuestion(question, compiled)) as never), // of its own type
      );
      res.json(answer);
    } finally {
      dispose();
    }
    destroyIfStuck(res, options.stallTimeoutMs);
  };
}

function sendSlots({ query }: Request, res: Response, deps: HandlerDeps): void {
  const { contextTokens } = loadedModel(deps);
  const { slots } = deps;
  const mayBeFull = [undefined, "", "0"].includes(query.fail_on_no_slot?.toString());
  const shown = slots.shownTo(seesAll(res) ? null : ownerOf(res));
  if (mayBeFull || !slots.isFull) return void res.json(encodeSlots(shown, contextTokens));
  // Sent, not thrown: whoever asks like this wants to know, and nothing has failed.
  const full = new ServiceError("no_free_slot", `all ${slots.size} slots are busy`);
  res.status(full.traits.status).json(encodeOpenaiError(full));
}

function describeServer(deps: HandlerDeps): object {
  return encodeProps({
    build: deps.build,
    alias: deps.catalog.realId,
    modelFile: deps.modelFile,
    slots: deps.slots.size,
    defaultSettings: defaultSettings(parseContext(deps)),
    model: loadedModel(deps),
  });
}

/** @throws ServiceError before it has been loaded for the first time */
function loadedModel({ engine }: HandlerDeps) {
  const { model, state } = engine.status();
  if (model) return model;
  throw new ServiceError(
    "engine_unavailable",
    `the model is not loaded (${state}); GET /ready says more`,
  );
}
