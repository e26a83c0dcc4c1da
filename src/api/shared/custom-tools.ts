// OpenAI's custom tools, whose input is one text: the model sees a function with one argument, and clients get its value.
// https://platform.openai.com/docs/guides/function-calling#custom-tools

import { z } from "zod";
import type { AskedTool, Json } from "../../generation/request.ts";
import * as field from "./field-types.ts";
import { schemaAt } from "./schema-grammar.ts";
import { toolName, toolParts } from "./tools.ts";

/** Name of the only argument. */
const INPUT = "input";

const grammar = {
  syntax: field.text("regex or lark. Only regex is enforced."),
  definition: field.text("The expression."),
};

export const customFields = {
  name: toolName,
  description: toolParts.description,
  format: field.optional(
    z.looseObject({
      type: z.enum(["text", "grammar"]).describe("Any text, or text of a grammar."),
      grammar: field.optional(z.looseObject(grammar), "For grammar, in chat completions."),
      ...grammar,
    }),
    "Constrains the input, if its syntax is regex.",
  ),
};

type CustomFields = z.output<z.ZodObject<typeof customFields>>;

/**
 * @param path path of the tool's name and format
 * @returns the tool, and the path of its format if that is not enforced
 */
export function customTool(
  { name, description, format }: CustomFields,
  path: string,
): { readonly tool: AskedTool; readonly ignored: readonly string[] } {
  const isGrammar = format?.type === "grammar";
  const { syntax, definition } = (isGrammar && (format.grammar ?? format)) || {};
  const isRegex = syntax === "regex" && typeof definition === "string";
  const input = { type: "string", ...(isRegex ? { pattern: wholePattern(definition) } : {}) };
  const parameters = {
    type: "object",
    properties: { [INPUT]: input },
    required: [INPUT],
    additionalProperties: false,
  };
  const shown = { ...parameters, properties: { [INPUT]: { type: "string" } } };
  const definitionOf = { name, ...(description ? { description } : {}), parameters: shown };
  return {
    tool: {
      name,
      definition: { type: "function", function: definitionOf } satisfies Json,
      parameters: schemaAt(parameters, `${path}.format`),
    },
    ignored: isGrammar && !isRegex ? [`${path}.format`] : [],
  };
}

/** The pattern of a whole input. The expression may have its own anchors. */
function wholePattern(expression: string): string {
  const inner = expression.replace(/^\^/, "").replace(/(?<!\\)\$$/, "");
  return `^(?:${inner})$`;
}

/** The arguments of an earlier call of a custom tool. */
export function customArguments(input: string): { readonly [INPUT]: string } {
  return { [INPUT]: input };
}

/** The input in the arguments of a whole call, also of one that was cut off. */
export function customInput(text: string): string {
  return new CustomInput().push(text);
}

const OPENING = new RegExp(`^\\s*\\{\\s*"${INPUT}"\\s*:\\s*"`);
/** Characters of a JSON string, up to an escape that is not complete: the other half of a pair may follow. */
const CHARACTERS =
  /(?:[^"\\]+|\\(?:["\\/bfnrt]|u(?![dD][89abAB])[\da-fA-F]{4}|u[dD][89abAB][\da-fA-F]{2}(?:\\u[\da-fA-F]{4}|(?=[^\\]|\\[^u]))))*/y;
/** Characters that JSON requires to be escaped. */
const CONTROLS = /\p{Cc}/gu;

/** Reads the input of one call out of its arguments while they are streamed. */
export class CustomInput {
  #isInside = false;
  #unread = "";

  /** @param text more of the arguments. @returns more of the input */
  push(text: string): string {
    this.#unread += text;
    if (!this.#isInside) {
      const [opening] = OPENING.exec(this.#unread) ?? [];
      if (opening === undefined) return "";
      this.#isInside = true;
      this.#unread = this.#unread.slice(opening.length);
    }
    CHARACTERS.lastIndex = 0;
    const [characters = ""] = CHARACTERS.exec(this.#unread) ?? [];
    this.#unread = this.#unread.slice(characters.length); // begins with the closing quote when the input has ended
    const escaped = characters.replace(CONTROLS, (each) => JSON.stringify(each).slice(1, -1));
    return JSON.parse(`"${escaped}"`) as string;
  }
}
