// Wishes: fields that a model grants if it can, and that are named as ignored if it cannot. Most are about reasoning, for which
// every API has other fields.

import type { ModelInfo } from "../../generation/model-info.ts";
import type { ReasoningOptions } from "../../generation/request.ts";
import type { Wish } from "../dialect.ts";

type Given<T> = readonly (readonly [field: string, value: T | null | undefined])[];

/** Fields that ask for reasoning, each list with the field that counts first. Null, undefined and an empty string ask for nothing. */
type ReasoningFields = {
  /** Efforts, or whether to reason at all. An effort counts more than true. */
  readonly efforts: Given<string | boolean>;
  /** Limits in tokens. */
  readonly budgets: Given<number>;
};

type AskedReasoning = { readonly reasoning: ReasoningOptions; readonly wishes: readonly Wish[] };

/** A field that another one contradicts is a wish that is not granted, and so is an unknown effort. */
export function askedReasoning(fields: ReasoningFields): AskedReasoning {
  const efforts = given(fields.efforts).map(([field, value]) => [field, levelOf(value)] as const);
  const known = efforts.flatMap(([, level]) => level ?? []);
  const chosen = known.find((level) => level !== ON) ?? known[0] ?? null;
  const effort = chosen === ON ? "medium" : chosen;
  const budgets = given(fields.budgets);
  const budgetTokens = budgets[0]?.[1] ?? null;
  return {
    reasoning: { effort, budgetTokens, isSeparate: true },
    wishes: [
      ...efforts.flatMap(([field, level]) => effortWish(field, level, effort)),
      ...budgets.map(([field, tokens]) => ({
        field,
        isMetBy: ({ reasoningFormat }: ModelInfo) =>
          tokens === budgetTokens && reasoningFormat !== null,
      })),
    ],
  };
}

function given<T>(fields: Given<T>): readonly (readonly [field: string, value: T])[] {
  return fields.flatMap(([field, value]) =>
    value === null || value === undefined || value === "" ? [] : [[field, value] as const],
  );
}

/** The efforts that chat templates know: OpenAI's. */
const LEVELS = ["none", "minimal", "low", "medium", "high", "xhigh"];
/** Asked for, but with no particular effort. */
const ON = "on";

/** Null for an unknown effort. */
function levelOf(value: string | boolean): string | null {
  if (typeof value === "boolean") return value ? ON : "none";
  const level = value.toLowerCase();
  if (level === "max") return "xhigh";
  return LEVELS.includes(level) ? level : null;
}

/** Switching reasoning off is never a wish: a model that does not reason does just that. */
function effortWish(field: string, level: string | null, effort: string | null): readonly Wish[] {
  const isChosen = level === ON ? effort !== "none" : level !== null && level === effort;
  if (!isChosen) return [{ field, isMetBy: () => false }];
  return level === "none" ? [] : [{ field, isMetBy: (model) => model.canSwitchReasoning }];
}

const SWITCHES = ["enable_thinking", "thinking"];

/**
 * Template variables. Those that the model's template does not read have no effect.
 * @param holder the field with all of them
 */
export function variableWishes(
  variables: Readonly<Record<string, unknown>>,
  holder: string,
): readonly Wish[] {
  let words: ReadonlySet<string> | null = null; // of the template, which would be slow to search for thousands of names
  return Object.entries(variables).map(([name, value]) => ({
    field: `${holder}.${name}`,
    isMetBy: ({ chatTemplate, canSwitchReasoning }) => {
      if (SWITCHES.includes(name)) return value === false || canSwitchReasoning;
      words ??= new Set(chatTemplate?.match(/\w+/g));
      return words.has(name);
    },
  }));
}

/** A context of this many tokens. The model has the one that the server started with. */
export function contextWish(field: string, tokens: number | null | undefined): readonly Wish[] {
  if (!tokens) return [];
  return [{ field, isMetBy: ({ contextTokens }) => tokens <= contextTokens }];
}
