// The fields and the contract that the two routes of llama.cpp's server share that generate: /completion and /infill.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md

import { z } from "zod";
import type { AskedPrompt } from "../../generation/request.ts";
import type { ParseContext, ParsedRequest } from "../dialect.ts";
import type { Contract } from "../shared/contract.ts";
import { policyWith } from "../shared/field-policy.ts";
import * as field from "../shared/field-types.ts";
import { eitherOf, requestsOf, sharedFields } from "../shared/fields.ts";
import { parseBody } from "../shared/parse-body.ts";
import { formatOf } from "../shared/schema-grammar.ts";
import { LLAMA_CPP, nativeAnswer, nativeFrame, pickedFields } from "./answers.ts";
import { NativeEncoder } from "./encoder.ts";

const SHARED = policyWith({
  wishes: {
    n_cache_reuse: [0],
    min_keep: [0],
    timings_per_token: [false],
    // Editors send these two with every request.
    t_max_prompt_ms: [],
    n_indent: [],
  },
});
const { response_fields: _supported, ...unsupported } = SHARED.unsupported;
const POLICY = { ...SHARED, unsupported: { ...unsupported, n: [1], n_cmpl: [1] } };

const { n: _one, stream_options: _none, ...ownFields } = sharedFields;

export const nativeFields = {
  ...ownFields,
  n_predict: sharedFields.max_tokens.describe("llama.cpp's name of max_tokens."),
  response_fields: field.optional(
    z.array(z.string()).max(100),
    "Paths of the fields to return, e.g. timings/prompt_n.",
  ),
};

type NativeFields = z.output<z.ZodObject<typeof nativeFields>>;

export const NATIVE_CONTRACT = {
  tag: LLAMA_CPP,
  ...POLICY,
  answer: z.union([nativeAnswer, pickedFields]),
  event: z.union([nativeFrame, nativeAnswer, pickedFields]),
  codes: ["unsupported_schema", "context_length_exceeded"],
} satisfies Partial<Contract>;

type NativeOptions<F> = {
  readonly schema: z.ZodType<F>;
  readonly promptOf: (fields: F) => AskedPrompt;
  readonly context: ParseContext;
};

export function parseNative<F extends NativeFields>(
  body: unknown,
  { schema, promptOf, context }: NativeOptions<F>,
): ParsedRequest {
  const { fields, ignoredParams } = parseBody(schema, body, POLICY);
  const parsed = requestsOf(
    { ...fields, n: 1, stream_options: null },
    {
      prompts: [promptOf(fields)],
      format: formatOf(fields),
      maxTokens: eitherOf(fields, "n_predict", "max_tokens"),
      logprobs: null,
      echoesPrompt: false,
    },
    context,
  );
  const [request] = parsed.requests;
  if (!request) throw new Error("one prompt is one request");
  return {
    ...parsed,
    ignoredParams,
    encoder: (identity) => new NativeEncoder(identity, request, fields.response_fields ?? []),
  };
}
