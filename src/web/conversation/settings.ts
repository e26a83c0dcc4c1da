// What is wrong with the settings that somebody has typed, before the server would refuse them; and examples to begin with.

import type { ChatSettings } from "./conversation.ts";
import { readSchema, readTools } from "./typed-settings.ts";

/** What is wrong, by setting; nothing is wrong with those that are not there. */
export type SettingsProblems = { readonly [name in keyof ChatSettings]?: string };

const MOST_STOPS = 16;
const MOST_STOP_CHARS = 1024;

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

/** For a person to read, beside the field. */
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

function rangeProblem(value: number | null, most: number): string | null {
  const isFine = value === null || (value >= 0 && value <= most);
  return isFine ? null : `A number from 0 to ${most}, or nothing for the server's own.`;
}

function maxTokensProblem(value: number | null): string | null {
  const isFine = value === null || (Number.isSafeInteger(value) && value >= 1);
  return isFine ? null : "A whole number from 1, or nothing for the server's own limit.";
}

function seedProblem(value: number | null): string | null {
  const isFine = value === null || Number.isSafeInteger(value);
  return isFine ? null : "A whole number, or nothing for a random one.";
}

function stopProblem(stop: readonly string[]): string | null {
  if (stop.length > MOST_STOPS)
    return `At most ${MOST_STOPS} stop strings; these are ${stop.length}.`;
  if (stop.includes("")) return "A stop string has at least one character.";
  const isLong = stop.some((text) => text.length > MOST_STOP_CHARS);
  return isLong ? `A stop string has at most ${MOST_STOP_CHARS} characters.` : null;
}

function typedProblem(read: { readonly value: unknown } | { readonly problem: string }) {
  if ("value" in read) return null;
  return `${read.problem.charAt(0).toUpperCase()}${read.problem.slice(1)}.`;
}
