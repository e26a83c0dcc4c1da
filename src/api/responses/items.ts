// The items of a response's input, and its short forms. https://platform.openai.com/docs/api-reference/responses/create

import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import * as field from "../shared/field-types.ts";
import { anyContent, textDocument } from "../shared/parts.ts";
import { isObject, unreadable } from "../shared/refusals.ts";

/** Clients send answers back unchanged, so fields that a model does not read are allowed. */
const textPart = z.looseObject({
  type: field.kind(["input_text", "output_text", "text"]),
  text: field.anyText,
  annotations: field.optional(z.array(z.unknown()), "Ignored."),
  logprobs: field.optional(z.array(z.unknown()), "Ignored."),
});
const refusalPart = field.form("refusal", { refusal: field.anyText });
const filePart = field.form("input_file", {
  file_data: z.string().describe("A data URL of a text, e.g. data:text/plain;base64,SGk="),
  filename: field.text("Name of the file, which the model sees before its text."),
});
const reasoningPart = z.looseObject({
  type: field.text("The form of this object."),
  text: field.anyText,
});

const content = z
  .union([z.string(), z.array(z.discriminatedUnion("type", [textPart, refusalPart, filePart]))], {
    error: 'must be a string, or a list of parts {type: "input_text", text: string}',
  })
  .describe("The text, or a list of parts.");

const callId = z.string().min(1).describe("The id that a call and its output share.");
const namespace = field.text("The namespace of the tool.");

const common = {
  id: field.text("Id of the item. Ignored."),
  status: field.optional(z.enum(["in_progress", "completed", "incomplete"]), "Ignored."),
};

const ITEM_TYPES = [
  ...["message", "reasoning", "function_call", "function_call_output"],
  ...["custom_tool_call", "custom_tool_call_output"],
];

const ownItem = z.discriminatedUnion("type", [
  field.form("message", {
    role: field.role("system", "developer", "user", "assistant"),
    content,
    ...common,
  }),
  field.form("function_call", {
    call_id: callId,
    name: field.functionName,
    namespace,
    arguments: field.argumentsText,
    ...common,
  }),
  field.form("function_call_output", { call_id: callId, output: anyContent, ...common }),
  field.form("custom_tool_call", {
    call_id: callId,
    name: field.functionName,
    namespace,
    input: z.string().describe("The text that the tool was called with."),
    ...common,
  }),
  field.form("custom_tool_call_output", { call_id: callId, output: anyContent, ...common }),
  field.form("reasoning", {
    summary: field.optional(
      z.array(reasoningPart),
      "For a reasoning item: the reasoning, used if content is absent.",
    ),
    content: field.optional(z.array(reasoningPart), "For a reasoning item: the reasoning."),
    encrypted_content: field.ignored("Left out, and named."),
    ...common,
  }),
]);

/** An item of the tools that the vendor's servers or the client's own shell run, as the client wrote it. */
const hostedItem = z
  .record(z.string(), z.unknown())
  .refine(({ type }) => typeof type === "string" && !ITEM_TYPES.includes(type), { path: ["type"] })
  .transform((item) => ({ type: "hosted" as const, item }))
  .meta({
    properties: { type: { type: "string", not: { enum: ITEM_TYPES } } },
    required: ["type"],
    description:
      "Another item of an earlier answer, e.g. shell_call. One that holds no text is left out, and named.",
  });

const item = z.union([ownItem, hostedItem], {
  error: "must be an item with a type, e.g. message or function_call",
});

export const input = z
  .array(item, "must be a string, or a list of items")
  .min(1, "must have at least one item");

const [message, ...others] = ownItem.options;

/** The same with the short forms that `withItems` expands: a string, and an item with a role but no type. */
export const inputBody = z
  .union([
    z.string(),
    z
      .array(
        z.union([message.extend({ type: message.shape.type.nullish() }), ...others, hostedItem]),
      )
      .min(1),
  ])
  .describe("The conversation: a user message as a string, or a list of items.");

export type InputItem = z.output<typeof item>;

/** Expands short forms: a string becomes a user message, and an item with a role but no type becomes a message. */
export function withItems(body: unknown): unknown {
  if (!isObject(body)) return body;
  const { input: given } = body;
  if (typeof given === "string")
    return { ...body, input: [{ type: "message", role: "user", content: given }] };
  return Array.isArray(given) ? { ...body, input: given.map(withType) } : body;
}

function withType(each: unknown): unknown {
  return isObject(each) && "role" in each ? { ...each, type: each.type ?? "message" } : each;
}

/** Refuses media and references with a specific reason; the schema would only report an invalid value. */
export function refuseUnreadableItems(given: unknown): void {
  if (!Array.isArray(given)) return;
  for (const [index, each] of given.entries()) {
    if (!isObject(each)) continue;
    const { type, role, content: parts } = each;
    if (type === "item_reference") {
      const message = "item references are not supported by this server; send the item itself";
      throw new ServiceError("unsupported_content", message, { param: `input[${index}]` });
    }
    if (typeof type === "string" && MEDIA_PARTS.includes(type))
      throw unreadable(`an item of type ${type}`, `input[${index}]`);
    if (role !== undefined) refuseMedia(parts, `input[${index}].content`);
  }
}

/** OpenAI's part types that a text model cannot read. */
const MEDIA_PARTS = ["input_image", "input_file", "input_audio"];

function refuseMedia(parts: unknown, path: string): void {
  if (!Array.isArray(parts)) return;
  for (const [index, part] of parts.entries()) {
    const { type, file_data } = (part ?? {}) as { readonly type?: unknown; file_data?: unknown };
    if (typeof type !== "string" || !MEDIA_PARTS.includes(type)) continue;
    if (textDocument(file_data, null) !== null) continue;
    throw unreadable(`a part of type ${type}`, `${path}[${index}]`);
  }
}

/** OpenAI's prefixes of item ids. */
const ID_PREFIXES: Readonly<Record<string, string>> = {
  message: "msg",
  function_call: "fc",
  function_call_output: "fco",
  custom_tool_call: "ctc",
  custom_tool_call_output: "ctco",
  reasoning: "rs",
};

/** The items as `input_items` lists them: each with an id, and texts as parts. @param unique id of the response */
export function withIds(given: readonly InputItem[], unique: string): readonly object[] {
  return given.map((each, index) => {
    const item = each.type === "hosted" ? each.item : each;
    return {
      ...item,
      ...(each.type === "message" ? { content: partsOf(each) } : {}),
      id: item.id ?? `${ID_PREFIXES[each.type] ?? "item"}_${unique}in${index}`,
    };
  });
}

function partsOf({ role, content: given }: Extract<InputItem, { type: "message" }>) {
  if (typeof given !== "string") return given;
  const type = role === "assistant" ? ("output_text" as const) : ("input_text" as const);
  return [{ type, text: given }];
}

/**
 * The earlier conversation without calls that were cut off, which a model cannot continue from.
 * @param conversation items that this dialect validated before it stored them
 */
export function readEarlier(conversation: readonly object[]): readonly InputItem[] {
  return (conversation as readonly Exclude<InputItem, { type: "hosted" }>[])
    .map((each) =>
      ITEM_TYPES.includes(each.type) ? each : { type: "hosted" as const, item: each },
    )
    .filter(
      (each) => !/_call$/.test(each.type) || !("status" in each) || each.status !== "incomplete",
    );
}
