// Gemini's conversation, a list of contents made of parts → Message. https://ai.google.dev/api/caching#Content

import { z } from "zod";
import type { Message, ToolCall } from "../../generation/request.ts";
import * as field from "../shared/field-types.ts";
import { OpenCalls } from "../shared/open-calls.ts";
import { noteAbout } from "../shared/parts.ts";
import { invalidValue, isObject } from "../shared/refusals.ts";

const thoughtSignature = field.ignored("Ignored: this server signs nothing.");

const functionCall = z.looseObject({
  id: field.text("Id of the call; its response refers to it."),
  name: field.functionName,
  args: field.optional(z.record(z.string(), z.unknown()), "The arguments."),
});

const functionResponse = z.looseObject({
  id: field.text("Id of the call. Default: the next call of that name."),
  name: field.functionName,
  response: field.optional(
    z.record(z.string(), z.unknown()),
    "The result. If `output` or `result` is the only field, its value is the result.",
  ),
  parts: field.optional(z.array(z.unknown()), "Media; a note in the result stands for each."),
  scheduling: field.ignored("Ignored: for Gemini's Live API."),
  willContinue: field.mustBe([false], "must be false: a response must be sent whole"),
});

const part = z
  .looseObject({
    text: field.anyText.nullish(),
    thought: field.flag("Whether the text is reasoning."),
    functionCall: field.optional(functionCall, "A function call that the model made."),
    functionResponse: field.optional(functionResponse, "The result of a function call."),
    thoughtSignature,
    partMetadata: field.ignored("Ignored."),
    mediaResolution: field.ignored("Ignored: media are not read."),
    videoMetadata: field.ignored("Ignored: media are not read."),
  })
  .refine(
    (given) => contentsOf(given) <= 1,
    "must have only one of text, functionCall and functionResponse",
  );

export const contents = z
  .array(
    z
      .looseObject({
        role: field.optional(
          z.enum(["user", "model", "function", "tool"], "must be user, model, function or tool"),
          "The author. Default: user.",
        ),
        parts: field.optional(
          z.array(part, "must be a list of parts"),
          "The parts. Contents of the model may have none.",
        ),
      })
      // Clients send back answers without parts, and parts that had only a signature.
      .refine(
        ({ role, parts }) => role === "model" || (parts?.length && parts.every(contentsOf)),
        "must have at least one part, and no empty one",
      ),
    "must be a list of contents",
  )
  .min(1, "must have at least one content")
  .describe("The conversation so far. If the last content is the model's, it is continued.");

export const systemInstruction = field.optional(
  z.looseObject({
    role: field.withoutEffect(z.string(), "Ignored."),
    parts: z.array(z.looseObject({ text: field.anyText, thoughtSignature })).describe("The texts."),
  }),
  field.SYSTEM_PROMPT,
);

type PartContent = {
  readonly text?: unknown;
  readonly functionCall?: unknown;
  readonly functionResponse?: unknown;
};

function contentsOf({ text, functionCall, functionResponse }: PartContent): number {
  return [text, functionCall, functionResponse].filter((each) => (each ?? null) !== null).length;
}

type Content = z.output<typeof contents>[number];

type Part = z.output<typeof part>;
type Turn = { readonly isAnswer: boolean; readonly parts: Part[] };

type Conversation = {
  readonly contents: readonly Content[];
  readonly systemInstruction?: z.output<typeof systemInstruction>;
};

/** @throws ServiceError 400 if the last content has calls without results, so that there is nothing to answer */
export function readContents({ contents, systemInstruction }: Conversation): readonly Message[] {
  const system = (systemInstruction?.parts ?? []).map(({ text }) => text).join("\n");
  const calls = new OpenCalls();
  const messages = turnsOf(contents).flatMap(({ isAnswer, parts }) =>
    isAnswer ? [readAnswer(parts, calls)] : readUserTurn(parts, calls),
  );
  const last = messages.at(-1);
  if (last?.role === "assistant" && last.toolCalls.length > 0) {
    const path = `contents[${contents.length - 1}]`;
    const reason = "has a functionCall without a functionResponse; send the response as well";
    throw invalidValue(path, reason);
  }
  return system === "" ? messages : [{ role: "system", content: system }, ...messages];
}

/** Merges consecutive contents of one side, because clients send a streamed answer back as one content per chunk. */
function turnsOf(given: readonly Content[]): readonly Turn[] {
  const turns: Turn[] = [];
  for (const { role, parts } of given) {
    const isAnswer = role === "model";
    const last = turns.at(-1);
    if (last?.isAnswer !== isAnswer) turns.push({ isAnswer, parts: [...(parts ?? [])] });
    else for (const each of parts ?? []) last.parts.push(each);
  }
  return turns;
}

function readAnswer(parts: readonly Part[], calls: OpenCalls): Message {
  const toolCalls: ToolCall[] = [];
  let [content, reasoning] = ["", ""];
  for (const { text, thought, functionCall } of parts) {
    if (functionCall) toolCalls.push(calls.add({ ...functionCall, arguments: functionCall.args }));
    else if (thought) reasoning += text ?? "";
    else content += text ?? "";
  }
  return { role: "assistant", content, reasoning: reasoning || null, toolCalls };
}

/** Function results come first, because nothing may stand between a call and its result. */
function readUserTurn(parts: readonly Part[], calls: OpenCalls): readonly Message[] {
  const results = parts.flatMap(({ functionResponse: given }): Message[] => {
    if (!given) return [];
    const { id, name } = given;
    return [calls.resultOf({ id, name, content: resultText(given) })];
  });
  const texts = parts.flatMap(({ text }) => text ?? []);
  if (texts.length === 0 && results.length > 0) return results;
  return [...results, { role: "user", content: texts.join("\n") }];
}

/** Google's SDKs wrap a result that is not an object in a single field `output` or `result`. */
function resultText({ response, parts }: z.output<typeof functionResponse>): string {
  const [name, ...others] = Object.keys(response ?? {});
  const isWrapped = others.length === 0 && (name === "output" || name === "result");
  const result = isWrapped ? response?.[name] : (response ?? "");
  const text = typeof result === "string" ? result : JSON.stringify(result);
  return [text, ...(parts ?? []).map((part) => noteAbout(mediaTypeOf(part)))].join("\n");
}

function mediaTypeOf(part: unknown): string {
  const [media] = isObject(part) ? Object.values(part).filter(isObject) : [];
  return typeof media?.mimeType === "string" ? media.mimeType : "file";
}
