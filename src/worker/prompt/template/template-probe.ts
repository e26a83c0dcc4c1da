// Finds out what a chat template does with each kind of conversation: renders sample conversations and looks which of their
// texts are in the prompt. Reads neither the model's name nor the template's source, so unknown templates are handled too.

import type { Message } from "../../../generation/request.ts";
import {
  ANY_CALLS,
  ANY_MESSAGES,
  type CallForm,
  type TemplateTraits,
} from "../../../generation/template-traits.ts";
import { adaptMessages } from "./adapt-messages.ts";
import { PROBE_STEPS, type ProbeStep, type TraitChange } from "./probe-steps.ts";
import { sampleConversation, textsOf } from "./sample-conversations.ts";
import { type MessageForm, type TemplateMessage, templateMessages } from "./template-messages.ts";

/** @throws Error when the template rejects the messages */
export type RenderMessages = (messages: readonly TemplateMessage[]) => string;

type ContentForm = TemplateTraits["contentAs"];

export type ProbeOptions = {
  readonly contentAs: ContentForm;
  /** Null if calls are written as text. */
  readonly callForm: CallForm | null;
  readonly render: RenderMessages;
  /** Renders messages with a tool; null if the template does not describe tools. */
  readonly renderWithTool: RenderMessages | null;
};

export function probeTemplate(options: ProbeOptions): TemplateTraits {
  const { contentAs, callForm, render, renderWithTool } = options;
  const form: MessageForm = { ...ANY_MESSAGES, contentAs, calls: callForm };
  const start: TemplateTraits = {
    ...ANY_MESSAGES,
    contentAs,
    showsEarlierReasoning: false,
    describesTools: renderWithTool !== null,
    calls: callForm && {
      ...ANY_CALLS,
      ...callForm,
      showsResultIds: showsResultIds(render, form),
    },
  };
  const renders = renderWithTool ? [render, renderWithTool] : [render];
  const traits = PROBE_STEPS.reduce((found, step) => settle(step, found, renders), start);
  const reasoned = sampleConversation(["user", "reasoned-answer", "user"]);
  return { ...traits, showsEarlierReasoning: shows(render, reasoned, traits) };
}

/** The traits stay as they are if no change helps. */
function settle(
  { conversations, changes, isWithoutTools = false }: ProbeStep,
  traits: TemplateTraits,
  renders: readonly RenderMessages[],
): TemplateTraits {
  const used = isWithoutTools ? renders.slice(0, 1) : renders;
  const samples = conversations
    .map((kinds) => sampleConversation(kinds))
    .filter((sample) => traits.calls !== null || !hasCalls(sample));
  const isRight = (each: TemplateTraits) =>
    samples.every((sample) => used.every((render) => shows(render, sample, each)));
  const candidates = [traits, ...changes.map((change) => changed(traits, change))];
  return candidates.find(isRight) ?? traits;
}

function hasCalls(sample: readonly Message[]): boolean {
  return sample.some((each) => each.role === "assistant" && each.toolCalls.length > 0);
}

function changed(traits: TemplateTraits, { calls, ...change }: TraitChange): TemplateTraits {
  return { ...traits, ...change, calls: traits.calls && { ...traits.calls, ...calls } };
}

/** Matches the parts of a content that a template writes as they are, because it expects a text. */
const SHOWS_PARTS = /['"]type['"]\s*:\s*['"](text|thinking)['"]/;

function shows(
  render: RenderMessages,
  sample: readonly Message[],
  traits: TemplateTraits,
): boolean {
  return rendersAll(render, sample, traits, adaptMessages(sample, traits));
}

/** @param messages the sample as it is rendered */
function rendersAll(
  render: RenderMessages,
  sample: readonly Message[],
  form: MessageForm,
  messages = sample,
): boolean {
  try {
    const text = render(templateMessages(messages, form));
    return textsOf(sample).every((each) => text.includes(each)) && !SHOWS_PARTS.test(text);
  } catch {
    return false; // the template rejects the messages
  }
}

/** Whether the prompt changes when two results of one tool exchange their ids. */
function showsResultIds(render: RenderMessages, form: MessageForm): boolean {
  const sample = sampleConversation(["user", "calls", "result", "result"]);
  const ids = sample.flatMap((each) => (each.role === "tool" ? [each.toolCallId] : [])).reverse();
  const exchanged = sample.map((each) =>
    each.role === "tool" ? { ...each, toolCallId: ids.shift() ?? null } : each,
  );
  const [one, other] = [sample, exchanged].map((each) => {
    try {
      return render(templateMessages(each, form));
    } catch {
      return null; // the template rejects several calls
    }
  });
  return one !== other;
}

const CONTENT_FORMS: readonly ContentForm[] = ["text", "parts", "user-parts"];

/** @returns null when the prompt does not show a user message in any form */
export function findContentForm(render: RenderMessages): ContentForm | null {
  const dialogue = sampleConversation(["user", "answer", "user"]);
  for (const sample of [dialogue, dialogue.slice(0, 1)]) {
    const found = CONTENT_FORMS.find((contentAs) =>
      rendersAll(render, sample, { ...ANY_MESSAGES, contentAs, calls: null }),
    );
    if (found) return found;
  }
  return null;
}

const CALL_FORMS: readonly Omit<CallForm, "hasShortIds">[] = [
  { argumentsAs: "object", emptyContent: "" },
  { argumentsAs: "text", emptyContent: "" },
  { argumentsAs: "object", emptyContent: null },
  { argumentsAs: "text", emptyContent: null },
];

/** @returns null when no form makes the call and its result appear in the prompt */
export function findCallForm(render: RenderMessages, contentAs: ContentForm): CallForm | null {
  const sample = sampleConversation(["user", "call", "result"]);
  const forms = [false, true].flatMap((hasShortIds) =>
    CALL_FORMS.map((form) => ({ ...form, hasShortIds })),
  );
  const found = forms.find((calls) => {
    try {
      const text = render(templateMessages(sample, { ...ANY_MESSAGES, contentAs, calls }));
      return textsOf(sample).every((each) => text.includes(each)) && writesArguments(text);
    } catch {
      return false; // the template rejects this form
    }
  });
  return found ?? null;
}

/** False if the arguments look like a value of Python, or are quoted as a text: the other form of them is right. */
function writesArguments(text: string): boolean {
  return !/'needlekey\w+'\s*:\s*'needlevalue|\\"needlekey/.test(text);
}
