// Adapts a conversation to what a chat template can show, so that nothing is lost or rejected. A conversation that the template
// can show as it is stays as it is.

import type { Message } from "../../../generation/request.ts";
import type { CallTraits, TemplateTraits } from "../../../generation/template-traits.ts";
import { placeResults } from "./call-results.ts";

type Answer = Extract<Message, { role: "assistant" }>;

/** Fillers separate messages that a template does not take one after the other. */
const USER_FILLER: Message = { role: "user", content: "Continue." };
const ASSISTANT_FILLER: Message = {
  role: "assistant",
  content: "OK.",
  reasoning: null,
  toolCalls: [],
};

export function adaptMessages(
  messages: readonly Message[],
  traits: TemplateTraits,
): readonly Message[] {
  const { calls } = traits;
  const placed = placeSystem(messages, traits);
  const grouped = calls ? placeResults(placed, calls) : placed;
  const merged = mergeRows(grouped, traits);
  const split = calls ? splitTexts(merged, calls) : merged;
  return withFillers(split, traits);
}

/** Joins texts with a blank line. Copies neither, so that thousands of messages are joined in linear time. */
function join(one: string, other: string): string {
  return one && other ? `${one}\n\n${other}` : one || other;
}

function placeSystem(
  messages: readonly Message[],
  { system, takesSystemAlone }: TemplateTraits,
): readonly Message[] {
  const others = messages.filter(({ role }) => role !== "system");
  const count = messages.length - others.length;
  if (count === 0) return messages;
  const isAlone = others.length === 0 && !takesSystemAlone;
  if (!isAlone && (system === "all" || (system === "first" && isFirstOnly(messages, count))))
    return messages;
  const systems = messages.filter(({ role }) => role === "system");
  const content = systems.reduce((text, each) => join(text, each.content), "");
  if (system !== "none" && !isAlone) return [{ role: "system", content }, ...others];
  const [first, ...rest] = others;
  if (first?.role === "user") return [{ ...first, content: join(content, first.content) }, ...rest];
  return content === "" && first ? others : [{ role: "user", content }, ...others];
}

function isFirstOnly(messages: readonly Message[], count: number): boolean {
  return count === 1 && messages[0]?.role === "system";
}

/** Joins messages of one role that follow one another. Text that follows a call stays behind it. */
function mergeRows(messages: readonly Message[], traits: TemplateTraits): readonly Message[] {
  const { takesUsersInARow, takesAssistantsInARow, takesEmptyAssistant } = traits;
  const merged: Message[] = [];
  for (const message of messages) {
    if (!takesEmptyAssistant && isEmptyAnswer(message)) continue;
    const last = merged.at(-1);
    if (last?.role === "user" && message.role === "user" && !takesUsersInARow)
      merged.splice(-1, 1, { ...last, content: join(last.content, message.content) });
    else if (
      last?.role === "assistant" &&
      message.role === "assistant" &&
      hasNoCalls(last) &&
      !takesAssistantsInARow
    )
      merged.splice(-1, 1, mergeAnswers(last, message));
    else merged.push(message);
  }
  return merged;
}

function isEmptyAnswer(message: Message): boolean {
  return message.role === "assistant" && message.content === "" && message.toolCalls.length === 0;
}

function mergeAnswers(first: Answer, second: Answer): Answer {
  return {
    ...second,
    content: join(first.content, second.content),
    reasoning: join(first.reasoning ?? "", second.reasoning ?? "") || null,
  };
}

/** Moves the text of answers with tool calls elsewhere, if the template does not show it beside calls. */
function splitTexts(messages: readonly Message[], calls: CallTraits): readonly Message[] {
  const lastAnswerAt = messages.findLastIndex(
    (message) => message.role === "assistant" && hasNoCalls(message),
  );
  return messages.flatMap((message, index) => {
    if (message.role !== "assistant" || hasNoCalls(message)) return [message];
    return splitText(message, calls, index < lastAnswerAt);
  });
}

function splitText(answer: Answer, calls: CallTraits, isEarlier: boolean): readonly Message[] {
  const { content } = answer;
  const reasoning = calls.takesReasoning ? answer.reasoning : null;
  const place = placeOfText({ ...answer, reasoning }, calls, isEarlier);
  if (place === "beside") return [{ ...answer, reasoning }];
  if (place === "joined")
    return [{ ...answer, content: "", reasoning: join(reasoning ?? "", content) }];
  const text: Answer = { ...answer, reasoning: null, toolCalls: [] };
  const called: Answer = { ...answer, reasoning, content: "" };
  return place === "before" ? [text, called] : [text, USER_FILLER, called];
}

function placeOfText(
  { content, reasoning }: Answer,
  calls: CallTraits,
  isEarlier: boolean,
): CallTraits["reasonedText"] {
  if (content === "") return "beside";
  if (isEarlier && calls.earlierText !== "beside") return calls.earlierText;
  return reasoning === null ? calls.text : calls.reasonedText;
}

/** Adds a short message of the other role where the template requires one. */
function withFillers(messages: readonly Message[], traits: TemplateTraits): readonly Message[] {
  const filled: Message[] = [];
  for (const message of messages) {
    const filler = fillerBefore(message, filled.at(-1), traits);
    if (filler) filled.push(filler);
    filled.push(message);
  }
  const isAnswered = filled.at(-1)?.role === "assistant" && hasNoCalls(filled.at(-1));
  return isAnswered && !traits.takesAssistantLast ? [...filled, USER_FILLER] : filled;
}

function fillerBefore(
  message: Message,
  last: Message | undefined,
  { takesAssistantFirst, calls }: TemplateTraits,
): Message | null {
  const { role } = message;
  if (last === undefined || last.role === "system") {
    if (role === "tool" || (role === "assistant" && message.toolCalls.length > 0))
      return calls?.takesCallFirst ? null : USER_FILLER;
    return role !== "assistant" || takesAssistantFirst ? null : USER_FILLER;
  }
  if (role !== "user" || !calls) return null;
  if (last.role === "tool") return calls.takesUserAfterResult ? null : ASSISTANT_FILLER;
  if (last.role !== "assistant" || hasNoCalls(last)) return null;
  return calls.takesUserAfterCall ? null : ASSISTANT_FILLER;
}

function hasNoCalls(message: Message | undefined): boolean {
  return message?.role !== "assistant" || message.toolCalls.length === 0;
}

/** Traits that ask less and less of a template, for conversations that it rejects although the check did not foresee it. */
export function cautiousTraits(traits: TemplateTraits): readonly TemplateTraits[] {
  const cautious: TemplateTraits = {
    ...traits,
    system: traits.system === "none" ? "none" : "first",
    takesSystemAlone: false,
    takesUsersInARow: false,
    takesAssistantsInARow: false,
    takesAssistantFirst: false,
    takesAssistantLast: false,
    takesEmptyAssistant: false,
    calls: traits.calls && {
      ...traits.calls,
      takesLooseResults: false,
      takesCallFirst: false,
      takesUserAfterResult: false,
      takesUserAfterCall: false,
    },
  };
  return [cautious, { ...cautious, system: "none", calls: null }];
}
