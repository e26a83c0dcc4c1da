// Describes to a person how messages are adapted to a chat template: one sentence for each trait that needs it.

import type { CallTraits, TemplateTraits } from "./template-traits.ts";

/** @returns an empty list for a template that takes everything as it is */
export function describeAdaptations(traits: TemplateTraits): readonly string[] {
  const { calls, system } = traits;
  return sentences([
    [system === "first", "System messages are joined into one, which comes first."],
    [system === "none", "System messages are put into the first user message."],
    [!traits.takesSystemAlone, "System messages without other messages become a user message."],
    [!traits.takesUsersInARow, "User messages in a row are joined with a blank line."],
    [!traits.takesAssistantsInARow, "Assistant messages in a row are joined with a blank line."],
    [
      !traits.takesAssistantFirst,
      "Before an assistant message at the start, a user message is added.",
    ],
    [!traits.takesAssistantLast, "After an assistant message at the end, a user message is added."],
    [!traits.takesEmptyAssistant, "Assistant messages without text are left out."],
    [traits.contentAs === "parts", "Content is given as a list of parts."],
    [traits.contentAs === "user-parts", "Content of users is given as a list of parts."],
    [traits.reasoningAs === "part", "Reasoning is given as a part of the content."],
    [!traits.describesTools, "Tools are described in a system message."],
    [calls === null, "Tool calls and their results are written as text."],
  ]).concat(calls ? describeCalls(calls) : []);
}

function describeCalls(calls: CallTraits): readonly string[] {
  const { text, reasonedText, earlierText } = calls;
  return sentences([
    [calls.hasShortIds, "Ids of tool calls are replaced by ids of nine letters and digits."],
    [!calls.takesParallel, "Several tool calls become one message each, followed by its result."],
    [text !== "beside", `Text beside a tool call ${PLACES[text]}.`],
    [
      reasonedText !== text,
      `If there is reasoning too, text beside a tool call ${PLACES[reasonedText]}.`,
    ],
    [
      earlierText !== text,
      `Once an answer has followed, text beside a tool call ${PLACES[earlierText]}.`,
    ],
    [!calls.takesReasoning, "Reasoning beside a tool call is left out."],
    [
      !calls.takesLooseResults,
      "Tool results are moved to their calls, and a result without a call is written as text.",
    ],
    [!calls.showsResultIds, "Tool results are put in the order of their calls."],
    [!calls.takesCallFirst, "Before a tool call at the start, a user message is added."],
    [
      !calls.takesUserAfterResult,
      "Between a tool result and a user message, an assistant message is added.",
    ],
    [
      !calls.takesUserAfterCall,
      "Between a tool call without a result and a user message, an assistant message is added.",
    ],
  ]);
}

const PLACES = {
  beside: "stays there",
  before: "becomes a message before it",
  apart: "becomes a message before it, with a user message between them",
  joined: "is added to the reasoning",
} as const;

function sentences(all: readonly (readonly [isTrue: boolean, sentence: string])[]): string[] {
  return all.flatMap(([isTrue, sentence]) => (isTrue ? [sentence] : []));
}
