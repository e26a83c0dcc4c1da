// Validates typed settings before the server would refuse them. Also holds the examples that the form inserts.

import type { ChatSettings } from "./conversation.ts";
import { readLogitBias, readSchema, readTools } from "./typed-settings.ts";

/** Error messages by setting; a valid setting has none. */
export type SettingsProblems = { readonly [name in keyof ChatSettings]?: string };

const MAX_STOPS = 16;
const MAX_STOP_CHARS = 1024;

export const EXAMPLE_SCHEMA = `{
  "type": "object",
  "properties": {
    "name": { "type": "string" },
    "age": { "type": "integer" },
    "city": { "type": "string" }
  },
  "required": ["name", "age", "city"]
}`;

export const EXAMPLE_TOOLS = `[
  {
    "type": "function",
    "function": {
      "name": "get_weather",
      "description": "Get the weather of a city",
      "parameters": {
        "type": "object",
        "properties": {
          "city": { "type": "string", "description": "Name of the city" }
        },
        "required": ["city"]
      }
    }
  }
]`;

/** Messages to show below the fields. */
export function problemsOf(settings: ChatSettings): SettingsProblems {
  const problems: { [name in keyof ChatSettings]?: string | null } = {
    temperature: rangeProblem(settings.temperature, 2),
    topP: rangeProblem(settings.topP, 1),
    topK: wholeProblem(settings.topK, -1, 1_000_000),
    minP: rangeProblem(settings.minP, 1),
    repeatPenalty: repeatProblem(settings.repeatPenalty),
    presencePenalty: rangeProblem(settings.presencePenalty, 2, -2),
    frequencyPenalty: rangeProblem(settings.frequencyPenalty, 2, -2),
    penaltyTokens: wholeProblem(settings.penaltyTokens, -1),
    maxTokens: wholeProblem(settings.maxTokens, 1),
    minTokens: wholeProblem(settings.minTokens, 0),
    reasoningTokens: wholeProblem(settings.reasoningTokens, 0),
    seed: seedProblem(settings.seed),
    logitBias: typedProblem(readLogitBias(settings.logitBias ?? "")),
    stop: stopProblem(settings.stop),
    jsonSchema: typedProblem(readSchema(settings.jsonSchema)),
    tools: typedProblem(readTools(settings.tools)),
  };
  return Object.fromEntries(Object.entries(problems).filter(([, problem]) => problem !== null));
}

type OptionalNumber = number | null | undefined;

function rangeProblem(value: OptionalNumber, max: number, min = 0): string | null {
  const isValid = isUnset(value) || (value >= min && value <= max);
  return isValid ? null : `Enter ${min} to ${max}, or leave empty for the server's default.`;
}

function repeatProblem(value: OptionalNumber): string | null {
  const isValid = isUnset(value) || (value > 0 && value <= 10);
  return isValid ? null : "Enter a number above 0 and up to 10, or leave empty.";
}

function wholeProblem(value: OptionalNumber, min: number, max = Number.MAX_SAFE_INTEGER) {
  if (isUnset(value) || (Number.isSafeInteger(value) && value >= min && value <= max)) return null;
  const limit = max === Number.MAX_SAFE_INTEGER ? "" : ` and at most ${max}`;
  return `Enter a whole number of at least ${min}${limit}, or leave empty.`;
}

function isUnset(value: OptionalNumber): value is null | undefined {
  return value === null || value === undefined;
}

function seedProblem(value: number | null): string | null {
  const isValid = value === null || Number.isSafeInteger(value);
  return isValid ? null : "Enter a whole number, or leave empty for a random seed.";
}

function stopProblem(stop: readonly string[]): string | null {
  if (stop.length > MAX_STOPS)
    return `At most ${MAX_STOPS} stop strings are allowed; there are ${stop.length}.`;
  if (stop.includes("")) return "A stop string cannot be empty. Remove the empty line.";
  const isLong = stop.some((text) => text.length > MAX_STOP_CHARS);
  return isLong ? `A stop string can have at most ${MAX_STOP_CHARS} characters.` : null;
}

function typedProblem(read: { readonly value: unknown } | { readonly problem: string }) {
  if ("value" in read) return null;
  return `${read.problem.charAt(0).toUpperCase()}${read.problem.slice(1)}.`;
}
