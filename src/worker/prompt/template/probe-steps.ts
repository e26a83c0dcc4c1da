// The sample conversations of the check of a chat template, and what is changed if the template does not show one of them. Later
// steps build on the changes of earlier ones.

import type { CallTraits, TemplateTraits } from "../../../generation/template-traits.ts";
import type { SampleKind } from "./sample-conversations.ts";

export type TraitChange = Partial<Omit<TemplateTraits, "calls">> & {
  readonly calls?: Partial<CallTraits>;
};

/** The first change with which the template shows all the conversations is made; none if it shows them as they are. */
export type ProbeStep = {
  /** Those with calls are left out for a template that shows no calls. */
  readonly conversations: readonly (readonly SampleKind[])[];
  readonly changes: readonly TraitChange[];
  /** Whether the conversations are never rendered with a tool, for which some templates require a user message. */
  readonly isWithoutTools?: boolean;
};

const ROLES: readonly ProbeStep[] = [
  {
    isWithoutTools: true,
    conversations: [
      ["user", "user"],
      ["user", "answer", "user", "user"],
    ],
    changes: [{ takesUsersInARow: false }],
  },
  {
    isWithoutTools: true,
    conversations: [["user", "answer", "answer", "user"]],
    changes: [{ takesAssistantsInARow: false }],
  },
  {
    isWithoutTools: true,
    conversations: [["answer", "user"]],
    changes: [{ takesAssistantFirst: false }],
  },
  {
    isWithoutTools: true,
    conversations: [["user", "answer"]],
    changes: [{ takesAssistantLast: false }],
  },
  {
    isWithoutTools: true,
    conversations: [["user", "empty", "user"]],
    changes: [{ takesEmptyAssistant: false }],
  },
];

const BEFORE = { text: "before", reasonedText: "before", earlierText: "before" } as const;
const APART = { text: "apart", reasonedText: "apart", earlierText: "apart" } as const;

const TEXT_BESIDE_CALLS: readonly ProbeStep[] = [
  {
    conversations: [["user", "text-call", "result"]],
    changes: [{ calls: BEFORE }, { calls: APART }],
  },
  {
    conversations: [["user", "text-call", "result", "answer", "user"]],
    changes: [{ calls: { earlierText: "before" } }, { calls: APART }],
  },
  {
    conversations: [["user", "reasoning-text-call", "result", "reasoning-text-call", "result"]],
    changes: [
      { reasoningAs: "part" },
      { calls: { reasonedText: "before" } },
      { calls: { reasonedText: "apart" } },
      { calls: { reasonedText: "joined" } },
    ],
  },
  {
    // A template may show no reasoning, but the text must be shown all the same.
    conversations: [
      ["user", "unshown-reasoning-text-call", "result"],
      ["user", "unshown-reasoning-text-call", "result", "answer", "user"],
    ],
    changes: [
      { calls: { reasonedText: "before" } },
      { calls: { reasonedText: "apart" } },
      { calls: { takesReasoning: false } },
    ],
  },
];

const CALLS_AND_RESULTS: readonly ProbeStep[] = [
  {
    conversations: [
      ["user", "calls", "result", "result"],
      ["user", "calls", "result", "result", "answer", "user"],
    ],
    changes: [{ calls: { takesParallel: false } }],
  },
  {
    conversations: [["user", "call", "result", "user"]],
    changes: [{ calls: { takesUserAfterResult: false } }],
  },
  {
    conversations: [["user", "call", "user"]],
    changes: [{ calls: { takesUserAfterCall: false } }],
  },
  {
    conversations: [
      ["user", "call", "user", "result"],
      ["user", "call", "result", "answer", "stray-result", "user"],
    ],
    changes: [{ calls: { takesLooseResults: false } }],
  },
  {
    conversations: [["user", "answer", "call", "result"]],
    changes: [{ takesAssistantsInARow: false }],
  },
  {
    conversations: [
      ["call", "result"],
      ["call", "result", "user"],
    ],
    changes: [{ calls: { takesCallFirst: false } }],
  },
];

const SYSTEM: readonly ProbeStep[] = [
  {
    conversations: [
      ["system", "user"],
      ["system", "user", "answer", "user"],
      ["system", "system", "user"],
      ["system", "user", "answer", "system", "user"],
      ["user", "answer", "system", "user"],
      ["user", "system"],
      ["system", "user", "call", "result"],
      ["user", "call", "result", "system", "user"],
    ],
    changes: [{ system: "first" }, { system: "none" }],
  },
  {
    isWithoutTools: true,
    conversations: [["system"]],
    changes: [{ takesSystemAlone: false }],
  },
];

export const PROBE_STEPS: readonly ProbeStep[] = [
  ...ROLES,
  ...TEXT_BESIDE_CALLS,
  ...CALLS_AND_RESULTS,
  ...SYSTEM,
];
