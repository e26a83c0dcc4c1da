// Traits of a chat template: how it treats each kind of conversation. The worker finds out when it loads the model, adapts messages to it,
// and reports it; `/props` and `sluice show` describe it.

/** The form in which a template accepts the tool calls of an earlier answer. */
export type CallForm = {
  readonly argumentsAs: "object" | "text";
  /** Content of an answer that has only tool calls. */
  readonly emptyContent: "" | null;
  /** Whether call ids must be nine letters and digits. */
  readonly hasShortIds: boolean;
};

/**
 * Where the text of an answer with tool calls goes: in the same message, in one before it, or in one before it with a user
 * message between them.
 */
type CallText = "beside" | "before" | "apart";

export type CallTraits = CallForm & {
  /** Whether an answer may have several calls; otherwise each call and its result follow one another. */
  readonly takesParallel: boolean;
  readonly text: CallText;
  /** Place of the text if the answer also has reasoning; `joined` appends the text to the reasoning. */
  readonly reasonedText: CallText | "joined";
  /** Place of the text once an answer without calls has followed: some templates then leave out what led to it. */
  readonly earlierText: CallText;
  readonly takesReasoning: boolean;
  /** Whether it shows results that do not directly follow their calls, or have none. */
  readonly takesLooseResults: boolean;
  /** Whether it shows which call a result belongs to; otherwise the results must be in the order of the calls. */
  readonly showsResultIds: boolean;
  /** Whether a conversation may begin with a call. */
  readonly takesCallFirst: boolean;
  readonly takesUserAfterResult: boolean;
  /** Whether a user message may follow a call that has no result. */
  readonly takesUserAfterCall: boolean;
};

export type TemplateTraits = {
  /** The form of content; with `user-parts`, only user messages have parts. */
  readonly contentAs: "text" | "parts" | "user-parts";
  /** Whether reasoning is a field of the message, or a part of its content. */
  readonly reasoningAs: "field" | "part";
  /** Which system messages it shows. */
  readonly system: "all" | "first" | "none";
  /** Whether a conversation may consist of system messages only. */
  readonly takesSystemAlone: boolean;
  readonly takesUsersInARow: boolean;
  readonly takesAssistantsInARow: boolean;
  readonly takesAssistantFirst: boolean;
  readonly takesAssistantLast: boolean;
  readonly takesEmptyAssistant: boolean;
  /** Whether it shows the reasoning of earlier answers. Most templates leave it out. */
  readonly showsEarlierReasoning: boolean;
  /** Whether it describes tools; otherwise a system message does. */
  readonly describesTools: boolean;
  /** Null if it shows no tool calls: calls and results are then written as text. */
  readonly calls: CallTraits | null;
};

/** Traits of a template that takes everything as it is. */
export const ANY_CALLS: Omit<CallTraits, keyof CallForm> = {
  takesParallel: true,
  text: "beside",
  reasonedText: "beside",
  earlierText: "beside",
  takesReasoning: true,
  takesLooseResults: true,
  showsResultIds: true,
  takesCallFirst: true,
  takesUserAfterResult: true,
  takesUserAfterCall: true,
};
export const ANY_MESSAGES: Omit<
  TemplateTraits,
  "showsEarlierReasoning" | "describesTools" | "calls"
> = {
  contentAs: "text",
  reasoningAs: "field",
  system: "all",
  takesSystemAlone: true,
  takesUsersInARow: true,
  takesAssistantsInARow: true,
  takesAssistantFirst: true,
  takesAssistantLast: true,
  takesEmptyAssistant: true,
};

/**
 * How messages are adapted to a template, for people to read: one sentence for each trait that needs it.
 * @returns an empty list for a template that takes everything as it is
 */
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
