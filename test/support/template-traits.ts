// The traits of a chat template that takes everything.

import {
  ANY_CALLS,
  ANY_MESSAGES,
  type CallTraits,
  type TemplateTraits,
} from "../../src/generation/template-traits.ts";

export const CALLS: CallTraits = {
  ...ANY_CALLS,
  argumentsAs: "object",
  emptyContent: "",
  hasShortIds: false,
};

export const TRAITS: TemplateTraits = {
  ...ANY_MESSAGES,
  showsEarlierReasoning: false,
  describesTools: true,
  calls: CALLS,
};
