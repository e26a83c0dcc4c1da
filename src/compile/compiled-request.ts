// Replaces the schemas of a request with their compiled form.

import type { AskedQuestion, Question } from "../generation/questions.ts";
import type {
  AskedPrompt,
  AskedRequest,
  AskedTool,
  GenerateRequest,
  Prompt,
  Tool,
} from "../generation/request.ts";
import type { CompiledDocument } from "./schema-document.ts";

/** The compiled document of a request without schemas. */
export const NO_SCHEMAS: CompiledDocument = { grammar: null, tools: [], ignored: [] };

export function compiledRequest(asked: AskedRequest, compiled: CompiledDocument): GenerateRequest {
  const { grammar } = asked;
  return {
    ...asked,
    prompt: compiledPrompt(asked.prompt, compiled),
    grammar: typeof grammar === "string" ? grammar : compiled.grammar,
  };
}

export function compiledQuestion(asked: AskedQuestion, compiled: CompiledDocument): Question {
  switch (asked.type) {
    case "prepare":
      return { type: "prepare", request: compiledRequest(asked.request, compiled) };
    case "render":
      return { type: "render", prompt: compiledPrompt(asked.prompt, compiled) };
    default:
      return asked;
  }
}

function compiledPrompt(asked: AskedPrompt, { tools }: CompiledDocument): Prompt {
  if (asked.type !== "messages") return asked;
  if (asked.tools === null) return { ...asked, tools: null };
  const withRules = ({ name, definition }: AskedTool, index: number): Tool => {
    const rules = tools[index];
    if (!rules) throw new Error(`the schema of tool ${index} was not compiled`);
    return { name, definition, rules };
  };
  return { ...asked, tools: { ...asked.tools, tools: asked.tools.tools.map(withRules) } };
}
