// The wishes that several APIs have: fields that a model grants if it can, and that are named as ignored if it cannot.

import type { ReasoningOptions } from "../../generation/request.ts";
import type { Wish } from "../dialect.ts";

/** The fields of a body that ask for reasoning. */
export type ReasoningFieldNames = {
  /** Those that switch it on or set its effort. */
  readonly effort: readonly string[];
  /** The field that limits its tokens. */
  readonly budget: string;
};

/** Switching reasoning off is never a wish: a model that does not reason does just that. */
export function reasoningWishes(
  { effort, budgetTokens }: ReasoningOptions,
  names: ReasoningFieldNames,
): readonly Wish[] {
  const asksEffort = effort !== null && effort !== "none";
  return [
    ...(asksEffort
      ? names.effort.map((field) => ({
          field,
          isMetBy: ({ canSwitchReasoning }: ModelFacts) => canSwitchReasoning,
        }))
      : []),
    ...(budgetTokens === null
      ? []
      : [
          {
            field: names.budget,
            isMetBy: ({ reasoningFormat }: ModelFacts) => reasoningFormat !== null,
          },
        ]),
  ];
}

type ModelFacts = Parameters<Wish["isMetBy"]>[0];

const SWITCHES = ["enable_thinking", "thinking"];

/** Template variables; those that the model's template does not read have no effect. @param holder the field with all of them */
export function variableWishes(
  variables: Readonly<Record<string, unknown>>,
  holder: string,
): readonly Wish[] {
  return Object.entries(variables).map(([name, value]) => ({
    field: `${holder}.${name}`,
    isMetBy: ({ chatTemplate, canSwitchReasoning }) => {
      if (SWITCHES.includes(name)) return value === false || canSwitchReasoning;
      return /^[A-Za-z_]\w*$/.test(name) && new RegExp(`\\b${name}\\b`).test(chatTemplate ?? "");
    },
  }));
}

/** A context of this many tokens. The model has the one that the server started with. */
export function contextWish(field: string, tokens: number | null | undefined): readonly Wish[] {
  if (!tokens) return [];
  return [{ field, isMetBy: ({ contextTokens }) => tokens <= contextTokens }];
}
