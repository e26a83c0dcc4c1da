// Validates typed settings before the server would refuse them. Also holds the examples that the form inserts.

import type { ChatSettings } from "./conversation.ts";
import { readSchema, readTools } from "./typed-settings.ts";

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
    maxTokens: maxTokensProblem(settings.maxTokens),
    seed: seedProblem(settings.seed),
    stop: stopProblem(settings.stop),
    jsonSchema: typedProblem(readSchema(settings.jsonSchema)),
    tools: typedProblem(readTools(settings.tools)),
  };
  return Object.fromEntries(Object.entries(problems).filter(([, problem]) => problem !== null));
}

function rangeProblem(value: number | null, max: number): string | null {
  const isValid = value === null || (value >= 0 && value <= max);
  return isValid ? null : `Enter 0 to ${max}, or leave empty for the server's default.`;
}

function maxTokensProblem(value: number | null): string | null {
  const isValid = value === null || (Number.isSafeInteger(value) && value >= 1);
  return isValid ? null : "Enter a whole number of at least 1, or leave empty.";
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
