// The traits of a chat template: how it treats each kind of conversation. The worker finds them when it loads the model, and
// adapts messages to them; `/props` and `sluice show` describe them.

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
  /** The same for an answer that also has reasoning; `joined` appends the text to the reasoning. */
  readonly reasonedText: CallText | "joined";
  /** The same once an answer without calls has followed, because some templates then leave out what led to it. */
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
