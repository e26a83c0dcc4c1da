// Each trait that needs an adaptation has a sentence.

import { expect, test } from "vitest";
import {
  type CallTraits,
  describeAdaptations,
  type TemplateTraits,
} from "../../../src/generation/template-traits.ts";
import { CALLS, TRAITS } from "../../support/template-traits.ts";

test("says nothing about a template that takes everything", () => {
  expect(describeAdaptations(TRAITS)).toEqual([]);
});

test("has a sentence for each adaptation of messages", () => {
  const changes: Partial<TemplateTraits>[] = [
    { system: "first" },
    { system: "none" },
    { takesSystemAlone: false },
    { takesUsersInARow: false },
    { takesAssistantsInARow: false },
    { takesAssistantFirst: false },
    { takesAssistantLast: false },
    { takesEmptyAssistant: false },
    { contentAs: "parts" },
    { contentAs: "user-parts" },
    { reasoningAs: "part" },
    { describesTools: false },
    { calls: null },
  ];

  const sentences = changes.map((change) => describeAdaptations({ ...TRAITS, ...change }));

  expect(sentences.map(({ length }) => length)).toEqual(changes.map(() => 1));
  expect(new Set(sentences.flat()).size).toBe(changes.length);
});

test("has a sentence for each adaptation of calls", () => {
  const changes: Partial<CallTraits>[] = [
    { hasShortIds: true },
    { takesParallel: false },
    { text: "before", reasonedText: "before", earlierText: "before" },
    { reasonedText: "joined" },
    { earlierText: "apart" },
    { takesReasoning: false },
    { takesLooseResults: false },
    { showsResultIds: false },
    { takesCallFirst: false },
    { takesUserAfterResult: false },
    { takesUserAfterCall: false },
  ];

  const sentences = changes.map((change) =>
    describeAdaptations({ ...TRAITS, calls: { ...CALLS, ...change } }),
  );

  expect(sentences.map(({ length }) => length)).toEqual(changes.map(() => 1));
  expect(new Set(sentences.flat()).size).toBe(changes.length);
});
