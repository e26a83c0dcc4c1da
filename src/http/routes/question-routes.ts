// Routes that ask the engine without generating: count tokens, tokenize, render a prompt. None of them needs a slot.

import type { Express, RequestHandler } from "express";
import type { Endpoint } from "../../api/endpoint.ts";
import { ENDPOINTS } from "../../api/wire-formats.ts";
import { type CompiledOptions, compiledQuestion } from "../../compile/compiled-request.ts";
import type { ModelList } from "../../models/model-list.ts";
import { askInTurn, type QuestionDeps } from "../generate/ask-in-turn.ts";
import { type FitDeps, fitToModel } from "../generate/fit-to-model.ts";
import { type ParseDeps, parseContext } from "../generate/parse-context.ts";
import { watchWithin } from "../generate/time-limits.ts";
import { allowedModels } from "../server/allowed-models.ts";
import { nameIgnored, refuseUnknown } from "../server/ignored-params.ts";
import type { ReadJson } from "../server/json-body.ts";
import { mountPost } from "../server/middleware.ts";
import { callerOf, ownerOf } from "../server/response-locals.ts";
import { modelInPath, routeOf } from "./path-model.ts";

/** The routes that count, tokenize and render prompts. */
export const QUESTION_PATHS = ENDPOINTS.map(({ path }) => path);
export const QUESTION_EXPRESS_ROUTES = QUESTION_PATHS.map(routeOf);

export type QuestionRoutesDeps = ParseDeps &
  QuestionDeps &
  FitDeps &
  Pick<CompiledOptions, "keepChangingLines"> & {
    readonly models: Pick<ModelList, "allowedTo">;
    readonly requestTimeoutMs: number;
  };

export function mountQuestions(app: Express, deps: QuestionRoutesDeps, readJson: ReadJson): void {
  for (const route of ENDPOINTS)
    mountPost(app, routeOf(route.path), readJson(askHandler(route, deps)));
}

function askHandler(route: Endpoint, deps: QuestionRoutesDeps): RequestHandler {
  return async (req, res) => {
    const { signal, abort, dispose } = watchWithin(req, res, deps.requestTimeoutMs);
    try {
      const context = { ...parseContext(deps, ownerOf(res)), ...modelInPath(req) };
      const asked = route.parse(req.body, context);
      refuseUnknown(asked, deps.isStrict);
      const { model } = allowedModels(res, deps.models).resolve(asked.model);
      nameIgnored(res, asked);
      const caller = callerOf(res);
      const arrivedAtMs = performance.now();
      const gate = { owner: caller.owner, isFlex: false, arrivedAtMs, signal, places: 0 };
      const turn = { signal, abort, caller, isAdmitted: false, model, gate };
      const { request, ignoredParams, wishes = [] } = asked;
      const ready = () => model.ready(gate);
      const compiled = await fitToModel(
        { res, ready, signal, request, ignoredParams, wishes },
        deps,
      );
      // The cast is safe: compiling a question does not change the type of its answer.
      const answer = await askInTurn(deps, turn, (ask) =>
        asked.answer((question) => ask(compiledQuestion(question, { ...deps, compiled })) as never),
      );
      res.json(answer);
    } finally {
      dispose();
    }
  };
}
