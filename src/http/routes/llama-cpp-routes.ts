// The routes of llama.cpp's server beside its dialects: questions to the engine (count, tokenize, render), and the server's
// state. None of them needs a slot.

import type { Express, Request, RequestHandler, Response } from "express";
import type { Endpoint } from "../../api/endpoint.ts";
import { defaultSettings } from "../../api/llama-cpp/infill.ts";
import { encodeProps, encodeSlots } from "../../api/llama-cpp/state.ts";
import { encodeOpenaiError } from "../../api/openai/encoder.ts";
import { ENDPOINTS } from "../../api/wire-formats.ts";
import { compiledQuestion } from "../../compile/compiled-request.ts";
import { ServiceError } from "../../errors.ts";
import type { Catalog } from "../../models/catalog.ts";
import { askInTurn, type QuestionDeps } from "../generate/ask-in-turn.ts";
import { type CompileDeps, compileSchemas } from "../generate/compiled-schemas.ts";
import {
  type DefaultsDeps,
  defaultContext,
  type ParseDeps,
  parseContext,
} from "../generate/parse-context.ts";
import type { SlotBoard } from "../generate/slot-board.ts";
import { watchWithin } from "../generate/time-limits.ts";
import { nameIgnored, refuseUnknown } from "../server/ignored-params.ts";
import type { ReadJson } from "../server/json-body.ts";
import { methodNotAllowed } from "../server/middleware.ts";
import { callerOf, ownerOf, seesAll } from "../server/response-locals.ts";
import { destroyIfStuck } from "../stream/disconnect.ts";
import { modelInPath, routeOf } from "./path-model.ts";

/** The routes that count, tokenize and render prompts. */
export const ASKING_PATHS = ENDPOINTS.map(({ path }) => path);
/** The same in Express syntax. */
export const ASKING_EXPRESS_ROUTES = ASKING_PATHS.map(routeOf);
export const STATE_PATHS = ["/slots", "/props"];

export type QuestionRoutesDeps = ParseDeps &
  QuestionDeps &
  CompileDeps & {
    readonly catalog: Catalog;
    readonly requestTimeoutMs: number;
    readonly stallTimeoutMs: number;
  };

export function mountQuestions(app: Express, deps: QuestionRoutesDeps, readJson: ReadJson): void {
  for (const route of ENDPOINTS) {
    app.post(routeOf(route.path), readJson(askHandler(route, deps)));
    app.all(routeOf(route.path), methodNotAllowed("POST"));
  }
}

export type StateDeps = DefaultsDeps & {
  readonly catalog: Catalog;
  readonly slots: SlotBoard;
  /** The name and version of this server. */
  readonly build: string;
  /** The name of the GGUF file, without its folder. */
  readonly modelFile: string;
};

export function mountState(app: Express, deps: StateDeps): void {
  app.get("/slots", (req, res) => sendSlots(req, res, deps));
  app.get("/props", (_req, res) => void res.json(describeServer(deps)));
  app.all(STATE_PATHS, methodNotAllowed("GET"));
}

function askHandler(route: Endpoint, deps: QuestionRoutesDeps): RequestHandler {
  const { catalog, stallTimeoutMs } = deps;
  return async (req, res) => {
    const { signal, abort, dispose } = watchWithin(req, res, deps.requestTimeoutMs);
    try {
      const context = { ...parseContext(deps, ownerOf(res)), ...modelInPath(req) };
      const asked = route.parse(req.body, context);
      refuseUnknown(asked, deps.isStrict);
      catalog.resolve(asked.model);
      nameIgnored(res, asked);
      const turn = { signal, abort, caller: callerOf(res), isAdmitted: false };
      const { ignoredParams } = asked;
      const request = asked.request ?? undefined;
      const compiled = await compileSchemas({ res, signal, request, ignoredParams }, deps);
      // The cast is safe: compiling a question does not change the type of its answer.
      const answer = await askInTurn(deps, turn, (ask) =>
        asked.answer((question) => ask(compiledQuestion(question, compiled)) as never),
      );
      res.json(answer);
    } finally {
      dispose();
    }
    destroyIfStuck(res, stallTimeoutMs);
  };
}

function sendSlots({ query }: Request, res: Response, deps: StateDeps): void {
  const { contextTokens } = loadedModel(deps);
  const { slots } = deps;
  const mayBeFull = [undefined, "", "0"].includes(query.fail_on_no_slot?.toString());
  const shown = slots.shownTo(seesAll(res) ? null : ownerOf(res));
  if (mayBeFull || !slots.isFull) return void res.json(encodeSlots(shown, contextTokens));
  // Sent and not thrown, so that it is not logged as a failure: the client asked whether a slot is free.
  const full = new ServiceError("no_free_slot", `all ${slots.size} slots are busy`);
  res.status(full.traits.status).json(encodeOpenaiError(full));
}

function describeServer(deps: StateDeps): object {
  return encodeProps({
    build: deps.build,
    alias: deps.catalog.realId,
    modelFile: deps.modelFile,
    slots: deps.slots.size,
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
