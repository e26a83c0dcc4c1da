// Tools that the user can add with one click.

import type { PageTool } from "./page-tool.ts";

type Example = Pick<PageTool, "name" | "description" | "parameters" | "code">;

const schema = (properties: object, required: readonly string[]) =>
  JSON.stringify({ type: "object", properties, required }, null, 2);

export const EXAMPLE_TOOLS: readonly Example[] = [
  {
    name: "current_time",
    description: "Get the current date and time of the user, with the weekday and the time zone",
    parameters: schema({}, []),
    code: `const now = new Date();
return {
  local: now.toLocaleString("en-GB", { dateStyle: "full", timeStyle: "long" }),
  utc: now.toISOString(),
  timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
};`,
  },
  {
    name: "calculate",
    description: "Compute a power, a root, a logarithm or one of the four basic operations",
    parameters: schema(
      {
        operation: {
          type: "string",
          enum: ["add", "subtract", "multiply", "divide", "power", "root", "log"],
        },
        a: { type: "number" },
        b: { type: "number", description: "The second number, exponent, degree or base" },
      },
      ["operation", "a", "b"],
    ),
    code: `const { operation, a, b } = args;
switch (operation) {
  case "add": return a + b;
  case "subtract": return a - b;
  case "multiply": return a * b;
  case "divide": return a / b;
  case "power": return a ** b;
  case "root": return a ** (1 / b);
  case "log": return Math.log(a) / Math.log(b);
  default: throw new Error("unknown operation: " + operation);
}`,
  },
  {
    name: "count_text",
    description: "Count the characters, words, sentences and lines of a text",
    parameters: schema({ text: { type: "string" } }, ["text"]),
    code: `const count = (granularity) =>
  [...new Intl.Segmenter(undefined, { granularity }).segment(args.text)];
return {
  characters: count("grapheme").length,
  words: count("word").filter((segment) => segment.isWordLike).length,
  sentences: count("sentence").length,
  lines: args.text.split("\\n").length,
};`,
  },
];
