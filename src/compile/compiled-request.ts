// Turns a request into the form that the engine gets: with compiled schemas, and without the lines of its conversation that
// change in each request.

import type { AskedQuestion, Question } from "../generation/questions.ts";
import type {
  AskedPrompt,
  AskedRequest,
  AskedTool,
  GenerateRequest,
  Prompt,
  Tool,
  ToolUse,
} from "../generation/request.ts";
import { withoutChangingLines } from "./changing-lines.ts";
import { argumentsRule, type CompiledDocument } from "./schema-document.ts";

/** The compiled document of a request without schemas. */
export const NO_SCHEMAS: CompiledDocument = { grammar: null, toolRules: "", ignored: [] };

export type CompiledOptions = {
  readonly compiled: CompiledDocument;
  /** Whether changing lines stay in the conversation. */
  readonly keepChangingLines: boolean;
};

export function compiledRequest(asked: AskedRequest, options: CompiledOptions): GenerateRequest {
  const { grammar } = asked;
  return {
    ...asked,
    prompt: compiledPrompt(asked.prompt, options),
    grammar: typeof grammar === "string" ? grammar : options.compiled.grammar,
  };
}

export function compiledQuestion(asked: AskedQuestion, options: CompiledOptions): Question {
  switch (asked.type) {
    case "prepare":
      return { type: "prepare", request: compiledRequest(asked.request, options) };
    case "render":
      return { type: "render", prompt: compiledPrompt(asked.prompt, options) };
    default:
      return asked;
  }
}

function compiledPrompt(asked: AskedPrompt, options: CompiledOptions): Prompt {
  if (asked.type !== "messages") return asked;
  const { compiled, keepChangingLines } = options;
  return {
    ...asked,
    messages: keepChangingLines ? asked.messages : withoutChangingLines(asked.messages),
    tools: asked.tools && compiledTools(asked.tools, compiled),
  };
}

function compiledTools(use: ToolUse<AskedTool>, { toolRules }: CompiledDocument): ToolUse {
  const withRule = ({ name, definition }: AskedTool, index: number): Tool => ({
    name,
    definition,
    rule: argumentsRule(index),
  });
  return { ...use, tools: use.tools.map(withRule), rules: toolRules };
}
