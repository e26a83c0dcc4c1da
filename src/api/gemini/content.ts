// What was said so far, as Gemini has it: contents of parts → Message. https://ai.google.dev/api/caching#Content

import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import type { Message, ToolCall } from "../../generation/request.ts";
import { withoutEffect } from "../shared/contract.ts";
import { OpenCalls } from "../shared/open-calls.ts";
import { isObject } from "./spelling.ts";

const ONLY_TEXT = "this server's models read text only";
const media = z.null(ONLY_TEXT).optional();
const nothing = withoutEffect(z.unknown().optional());

const functionCall = z.looseObject({
  id: z.string().nullish(),
  name: z.string().min(1),
  args: z.record(z.string(), z.unknown()).nullish(),
});

const functionResponse = z.looseObject({
  id: z.string().nullish(),
  name: z.string().min(1),
  response: z.record(z.string(), z.unknown()),
  parts: z.array(z.unknown()).max(0, ONLY_TEXT).nullish(),
  scheduling: nothing,
  willContinue: withoutEffect(z.literal(false, "a response is whole").nullish()),
});

/** In a part these are refused before anything else is looked at. */
const MEDIA = {
  inlineData: media,
  fileData: media,
  executableCode: media,
  codeExecutionResult: media,
  toolCall: media,
  toolResponse: media,
  audioTranscription: media,
};

const part = z
  .looseObject({
    text: z.string().nullish(),
    thought: z.boolean().nullish(),
    functionCall: functionCall.nullish(),
    functionResponse: functionResponse.nullish(),
    thoughtSignature: nothing,
    partMetadata: nothing,
    ...MEDIA,
  })
  .refine(
    (given) =>
      [given.text, given.functionCall, given.functionResponse].filter(isGiven).length === 1,
    "has exactly one of text, functionCall and functionResponse",
  );

export const contents = z
  .array(
    z
      .looseObject({
        role: z.enum(["user", "model", "function"], "user, model or function").nullish(),
        parts: z.array(part, "a list of parts").nullish(),
      })
      // An answer that was empty comes back without any.
      .refine(({ role, parts }) => role === "model" || parts?.length, "has at least one part"),
    "a list of contents",
  )
  .min(1, "at least one content");

export const systemInstruction = z
  .looseObject({
    role: withoutEffect(z.string().nullish()),
    parts: z.array(z.looseObject({ text: z.string(), thoughtSignature: nothing, ...MEDIA })),
  })
  .nullish();

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** @throws ServiceError 400 with the reason, for parts that no text model can read */
export function refuseMedia(body: unknown): void {
  if (!isObject(body)) return;
  const { contents: given, systemInstruction: system } = body;
  const said = Array.isArray(given) ? given : [];
  const all = [...said.map((each, index) => [each, `contents[${index}]`] as const)];
  for (const [content, path] of [...all, [system, "systemInstruction"] as const]) {
    if (!isObject(content) || !Array.isArray(content.parts)) continue;
    for (const [index, each] of content.parts.entries())
      refuseMediaPart(each, `${path}.parts[${index}]`);
  }
}

function refuseMediaPart(given: unknown, path: string): void {
  if (!isObject(given)) return;
  const name = Object.keys(MEDIA).find((each) => isGiven(given[each]));
  if (name === undefined) return;
  const param = `${path}.${name}`;
  throw new ServiceError("unsupported_content", `${ONLY_TEXT}, so ${param} cannot be used`, {
    param,
  });
}

type Given = z.output<typeof contents>[number];
type Part = z.output<typeof part>;
type Turn = { readonly isAnswer: boolean; readonly parts: Part[] };

type Conversation = {
  readonly contents: readonly Given[];
  readonly systemInstruction?: z.output<typeof systemInstruction>;
};

/** @throws ServiceError 400 when the conversation waits for results of functions, and not for an answer */
export function readContents({ contents, systemInstruction }: Conversation): readonly Message[] {
  const told = (systemInstruction?.parts ?? []).map(({ text }) => text).join("\n");
  const calls = new Calls();
  const messages = turnsOf(contents).flatMap(({ isAnswer, parts }) =>
    isAnswer ? [readAnswer(parts, calls)] : readQuestion(parts, calls),
  );
  const last = messages.at(-1);
  if (last?.role === "assistant" && last.toolCalls.length > 0) {
    const param = `contents[${contents.length - 1}]`;
    throw new ServiceError(
      "invalid_value",
      `${param} has a functionCall without its functionResponse`,
      { param },
    );
  }
  return told === "" ? messages : [{ role: "system", content: told }, ...messages];
}

/** Contents of one side in a row are one: a streamed answer comes back as so many contents as it had chunks. */
function turnsOf(given: readonly Given[]): readonly Turn[] {
  const turns: Turn[] = [];
  for (const { role, parts } of given) {
    const isAnswer = role === "model";
    const last = turns.at(-1);
    if (last?.isAnswer !== isAnswer) turns.push({ isAnswer, parts: [...(parts ?? [])] });
    else for (const each of parts ?? []) last.parts.push(each);
  }
  return turns;
}

function readAnswer(parts: readonly Part[], calls: Calls): Message {
  const toolCalls: ToolCall[] = [];
  let [content, thoughts] = ["", ""];
  for (const { text, thought, functionCall } of parts) {
    if (functionCall) toolCalls.push(calls.add(functionCall));
    else if (thought) thoughts += text ?? "";
    else content += text ?? "";
  }
  return { role: "assistant", content, reasoning: thoughts === "" ? null : thoughts, toolCalls };
}

/** Results come first, wherever they stand: nothing may come between a call and its result. */
function readQuestion(parts: readonly Part[], calls: Calls): readonly Message[] {
  const results = parts.flatMap(({ functionResponse: given }): Message[] => {
    if (!given) return [];
    const { name } = given;
    return [{ role: "tool", content: resultText(given), toolCallId: calls.idFor(given), name }];
  });
  const texts = parts.flatMap(({ text }) => text ?? []);
  return texts.length > 0 ? [...results, { role: "user", content: texts.join("\n") }] : results;
}

/** `output` and `result`, where nothing is beside them, are what Google's SDKs put around a result that is no object. */
function resultText({ response }: z.output<typeof functionResponse>): string {
  const [name, ...others] = Object.keys(response);
  const isWrapped = others.length === 0 && (name === "output" || name === "result");
  const result = isWrapped ? response[name] : response;
  return typeof result === "string" ? result : JSON.stringify(result);
}

/** Calls that wait for their results. Gemini's clients may leave ids out: then it goes by name, in the order of the calls. */
class Calls {
  readonly #open = new OpenCalls();
  #count = 0;

  add({ id, name, args }: z.output<typeof functionCall>): ToolCall {
    const call = {
      id: id || `call_${this.#count++}`,
      name,
      arguments: (args ?? {}) as ToolCall["arguments"], // it came out of JSON
    };
    this.#open.add(call);
    return call;
  }

  idFor({ id, name }: z.output<typeof functionResponse>): string | null {
    return this.#open.take(id ?? null, name)?.id ?? (id || null);
  }
}
