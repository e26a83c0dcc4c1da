// Puts tool results beside their calls, for chat templates that show a result only there.

import type { Message, ToolCall } from "../../../generation/request.ts";
import type { CallTraits } from "../../../generation/template-traits.ts";
import { resultAsText } from "./tool-instructions.ts";

type Answer = Extract<Message, { role: "assistant" }>;
type Result = Extract<Message, { role: "tool" }>;
type OpenCall = { readonly call: ToolCall; result: Result | null };
/** Calls without a result, in order, by id; all of them by null. */
type OpenCalls = Map<string | null, Set<OpenCall>>;

/**
 * Moves results directly behind their calls, in the order of the calls. Splits answers with several calls if the template shows
 * only one, and makes results without a call text if the template does not show them.
 */
export function placeResults(messages: readonly Message[], traits: CallTraits): readonly Message[] {
  const { takesLooseResults, showsResultIds, takesParallel } = traits;
  if (takesLooseResults && takesParallel) return showsResultIds ? messages : sortResults(messages);
  const open: OpenCalls = new Map();
  const groups = new Map<Message, readonly OpenCall[]>();
  const loose = new Set<Message>();
  for (const message of messages) {
    if (message.role === "assistant") {
      const calls = message.toolCalls.map((call): OpenCall => ({ call, result: null }));
      groups.set(message, calls);
      for (const call of calls) addOpen(open, call);
    } else if (message.role === "tool" && !claim(open, message)) loose.add(message);
  }
  return messages.flatMap((message): readonly Message[] => {
    if (message.role === "assistant")
      return withResults(message, groups.get(message) ?? [], traits);
    if (message.role !== "tool") return [message];
    if (!loose.has(message)) return []; // it stands behind its call
    return takesLooseResults ? [message] : [resultAsText(message)];
  });
}

/** Puts the results that follow an answer in the order of its calls. */
function sortResults(messages: readonly Message[]): readonly Message[] {
  return messages.flatMap((message, index): readonly Message[] => {
    const before = messages[index - 1];
    if (message.role !== "tool") return [message];
    if (before?.role === "tool") return []; // it was sorted with the first result
    let end = index + 1;
    while (messages[end]?.role === "tool") end += 1;
    const run = messages.slice(index, end);
    const calls = before?.role === "assistant" ? before.toolCalls : [];
    const places = new Map(calls.map(({ id }, place) => [id, place]));
    const placeOf = (result: Message) =>
      (result.role === "tool" ? places.get(result.toolCallId ?? "") : null) ?? calls.length;
    return calls.length < 2 ? run : run.sort((one, other) => placeOf(one) - placeOf(other));
  });
}

function addOpen(open: OpenCalls, call: OpenCall): void {
  for (const id of [call.call.id, null]) open.set(id, (open.get(id) ?? new Set()).add(call));
}

/** Gives the result to the first open call with its id; without an id, to the first open call. @returns false if there is none */
function claim(open: OpenCalls, given: Result): boolean {
  const { toolCallId } = given;
  const [found] = open.get(toolCallId) ?? [];
  if (!found) return false;
  const { id, name } = found.call;
  for (const key of [id, null]) open.get(key)?.delete(found);
  found.result = { ...given, toolCallId: toolCallId ?? id, name: given.name ?? name };
  return true;
}

function withResults(
  answer: Answer,
  calls: readonly OpenCall[],
  { takesParallel }: CallTraits,
): readonly Message[] {
  const resultsOf = (some: readonly OpenCall[]) =>
    some.flatMap(({ result }) => (result ? [result] : []));
  if (takesParallel || calls.length < 2) return [answer, ...resultsOf(calls)];
  return calls.flatMap((each, index) => {
    const begun: Answer = index === 0 ? answer : { ...answer, content: "", reasoning: null };
    return [{ ...begun, toolCalls: [each.call] }, ...resultsOf([each])];
  });
}
