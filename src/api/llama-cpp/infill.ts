// The dialect of POST /infill, which fills in the text between two texts, in the form of llama.cpp's server.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md

import { z } from "zod";
import type { AskedPrompt } from "../../generation/request.ts";
import type { Dialect, ParseContext } from "../dialect.ts";
import * as field from "../shared/field-types.ts";
import type { Settings } from "./answers.ts";
import { encodeSettings } from "./encoder.ts";
import { llamaCppErrors } from "./errors.ts";
import { NATIVE_CONTRACT, nativeFields, parseNative } from "./native.ts";

const schema = z.object({
  ...nativeFields,
  input_prefix: z.string().describe("The text before the gap."),
  input_suffix: z.string().describe("The text after the gap."),
  input_extra: field.optional(
    z.array(
      z.object({
        text: z.string().describe("Contents of the file."),
        filename: field.text("Name of the file."),
      }),
      { error: "must be a list of {filename: string, text: string}" },
    ),
    "Other files, placed before the prefix.",
  ),
  prompt: field.text("Text that follows the prefix."),
});

type Fields = z.output<typeof schema>;

export const nativeInfill: Dialect = {
  path: "/infill",
  contract: {
    ...NATIVE_CONTRACT,
    name: "Infill",
    summary: "Fills in the text between two texts",
    body: schema,
    example: { input_prefix: "def add(a, b):\n    return ", input_suffix: "\n", n_predict: 8 },
  },
  parse: (body, context) => parseNative(body, { schema, promptOf, context }),
  encodeError: llamaCppErrors({
    prompt: "input_prefix",
    suffix: "input_suffix",
    logitBias: "logit_bias",
  }),
};

/** Settings of a request that sets none, for GET /props. */
export function defaultSettings(context: Omit<ParseContext, "randomSeed">): Settings {
  const body = { input_prefix: "", input_suffix: "" };
  const [request] = nativeInfill.parse(body, { ...context, randomSeed: () => 0 }).requests;
  if (!request) throw new Error("one prompt is one request");
  return { ...encodeSettings(request), seed: -1 };
}

function promptOf(fields: Fields): AskedPrompt {
  return { type: "infill", prefix: textBefore(fields), suffix: fields.input_suffix };
}

/** Puts other files before the prefix, each after a separator line, as llama.cpp's server does without file tokens. */
function textBefore({ input_extra, input_prefix, prompt }: Fields): string {
  const extra = (input_extra ?? []).map(
    ({ filename, text }) => `${separator(filename || "snippet")}${text}`,
  );
  if (extra.length > 0) extra.push(separator("snippet"));
  return `${extra.join("")}${input_prefix}${prompt ?? ""}`;
}

function separator(name: string): string {
  return `\n\n--- ${name} ---\n\n`;
}
