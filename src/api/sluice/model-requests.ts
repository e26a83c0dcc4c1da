// The bodies with which an admin loads, unloads and pulls models, and the query of one pull.

import { z } from "zod";
import type { ErrorCode } from "../../errors.ts";
import type { Contract } from "../shared/contract.ts";
import * as field from "../shared/field-types.ts";
import { parseBody } from "../shared/parse-body.ts";
import { flag } from "../shared/queries.ts";
import { model } from "./models.ts";
import { pull } from "./pulls.ts";
import { SERVER } from "./server-answers.ts";

/** What a body asks for. */
type ModelRequest = {
  readonly model: string;
  readonly isStreamed: boolean;
  readonly ignoredParams: readonly string[];
};

/** A route that does something with one model. */
export type ModelRequestRoute = {
  readonly path: string;
  readonly contract: Contract;
  /** @throws ServiceError 400, naming the field */
  parse(body: unknown): ModelRequest;
};

const modelName = z.string("must be the name of a model").min(1, "must be the name of a model");
const served = modelName.describe("A served model, by any of its names.");

/** The codes of a wait for a model. */
const WAIT_CODES: readonly ErrorCode[] = ["request_timeout", "deadline_exceeded", "draining"];

const loadCodes: readonly ErrorCode[] = [
  ...WAIT_CODES,
  "engine_unavailable",
  "model_too_large",
  "model_unusable",
];

export const modelLoad = route("/v1/models/load", {
  name: "ModelLoad",
  summary: "Loads a model, and answers when it is ready",
  body: z.object({
    model: served,
    stream: field.off("Whether to stream the model's state as events until it is ready."),
  }),
  example: { model: "builtin" },
  answer: model,
  event: model,
  codes: loadCodes,
});

export const modelUnload = route("/v1/models/unload", {
  name: "ModelUnload",
  summary: "Unloads a model when its running requests have finished",
  body: z.object({ model: served }),
  example: { model: "builtin" },
  answer: model,
  codes: WAIT_CODES,
});

export const modelPull = route("/v1/models/pull", {
  name: "ModelPull",
  summary: "Downloads a model into the models folder, or continues an interrupted download",
  body: z.object({
    model: field.pulledModel
      .min(1, "must be the name of a model")
      .describe("A short name, `hf:user/repo:quant`, or an http(s) address."),
    stream: field.off("Whether to stream the progress as events until the pull has ended."),
  }),
  example: { model: "qwen3:4b" },
  answer: pull,
  event: pull,
  codes: ["queue_full", "folder_not_writable", "draining"],
});

export const pullQuery = z.object({
  stream: field.optional(
    z.union([flag, z.enum(["1", "0"]).transform((text) => text === "1")], "must be true or false"),
    "Whether to stream the progress as events. Without it, the header `accept: text/event-stream` does the same.",
  ),
});

type Asked = { readonly model: string; readonly stream?: boolean };
type OwnParts = Omit<Contract, "tag" | "unsupported" | "body"> & {
  readonly body: z.ZodType<Asked>;
};

function route(path: string, own: OwnParts): ModelRequestRoute {
  const contract = { ...own, tag: SERVER, unsupported: {} };
  return {
    path,
    contract,
    parse(body) {
      const { fields, ignoredParams } = parseBody(own.body, body, contract);
      return { model: fields.model, isStreamed: fields.stream ?? false, ignoredParams };
    },
  };
}
