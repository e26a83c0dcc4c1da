// The bodies of Ollama's routes about one model: show, pull, delete, copy. https://docs.ollama.com/api/pull

import { z } from "zod";
import type { Contract } from "../shared/contract.ts";
import * as field from "../shared/field-types.ts";
import { parseBody } from "../shared/parse-body.ts";
import { isObject } from "../shared/refusals.ts";
import { OLLAMA } from "./answer.ts";
import { modelName } from "./fields.ts";
import { ollamaModel, ollamaProgress, ollamaStatus } from "./model-answers.ts";

/** A route about one model. */
export type ModelRoute<Body extends z.ZodType = z.ZodType> = {
  readonly path: string;
  readonly contract: Contract;
  /** @throws ServiceError 400, naming the field */
  parse(body: unknown): {
    readonly fields: z.output<Body>;
    readonly ignoredParams: readonly string[];
  };
};

const names = {
  model: modelName,
  name: field.withoutEffect(z.string(), "Older name of model."),
};

export const ollamaShow = modelRoute("/api/show", {
  name: "OllamaShow",
  summary: "Describes one model",
  body: z.object({
    ...names,
    verbose: field.withoutEffect(z.boolean(), "Ignored: there is nothing more to show."),
  }),
  // These would change the description but not the model.
  unsupported: { system: [""], template: [""], options: [] },
  example: { model: "builtin" },
  answer: ollamaModel,
  codes: [],
});

export const ollamaPull = modelRoute("/api/pull", {
  name: "OllamaPull",
  summary: "Downloads a model into the models folder; one that is served is not downloaded again",
  body: z.object({
    ...names,
    model: field.pulledModel.describe(
      "A served model, a short name, `hf:user/repo:quant`, or an http(s) address.",
    ),
    insecure: field.withoutEffect(z.boolean(), "Ignored: certificates are always checked."),
    stream: field.on("Whether to stream the progress as lines of JSON."),
  }),
  unsupported: {},
  example: { model: "builtin", stream: false },
  answer: ollamaStatus,
  event: ollamaProgress,
  codes: [
    "permission_denied",
    ...(["queue_full", "folder_not_writable", "download_failed", "cancelled", "draining"] as const),
  ],
});

export const ollamaDelete = modelRoute("/api/delete", {
  name: "OllamaDelete",
  summary:
    "Deletes the files of a model in the models folder, or only a name that /api/copy has added",
  body: z.object(names),
  unsupported: {},
  example: { model: "mine" },
  answer: z.undefined(),
  codes: ["folder_not_writable", "request_timeout", "deadline_exceeded"],
});

const LATEST = /:latest$/;

export const ollamaCopy = modelRoute("/api/copy", {
  name: "OllamaCopy",
  summary: "Gives a model a further name until the server ends, up to 64 in all",
  body: z.object({
    source: modelName,
    destination: z
      .string("must be the new name")
      .regex(/^[^\s/][^\s]{0,199}$/, "must have 1 to 200 characters, without spaces")
      .transform((name) => name.replace(LATEST, ""))
      .describe("The new name, which no other model may have."),
  }),
  unsupported: {},
  example: { source: "builtin", destination: "gpt-4o" },
  answer: z.undefined(),
  codes: [],
});

type OwnParts<Body extends z.ZodType> = Omit<Contract, "tag" | "body"> & { readonly body: Body };

function modelRoute<Body extends z.ZodType>(path: string, own: OwnParts<Body>): ModelRoute<Body> {
  return {
    path,
    contract: { ...own, tag: OLLAMA },
    parse: (body) => parseBody(own.body, withModel(body), own),
  };
}

/** Some clients still send the model's name in the older field `name`. */
function withModel(body: unknown): unknown {
  if (!isObject(body)) return body;
  const { model, name: older } = body;
  return model === undefined && older !== undefined ? { ...body, model: older } : body;
}
