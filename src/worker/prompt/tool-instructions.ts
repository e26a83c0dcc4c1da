// Tools for models whose template does not tell of them: what they are told in a system message, and for those whose
// template knows no calls either, how earlier calls and results read as plain text.

import { ServiceError } from "../../errors.ts";
import type { Message, ToolUse } from "../../generation/request.ts";
import type { TemplateMessage } from "./template-messages.ts";

/** Calls and results as text, in the form of Hermes. */
export function plainMessages(messages: readonly Message[]): readonly TemplateMessage[] {
  const plain: { role: string; content: string }[] = [];
  for (const message of messages) {
    const next = plainMessage(message);
    const last = plain.at(-1);
    // Results of several calls are one message of the user: many templates want the roles in turns.
    if (last && last.role === next.role && message.role === "tool") {
      last.content = `${last.content}\n${next.content}`;
    } else plain.push(next);
  }
  return plain;
}

function plainMessage(message: Message): { role: string; content: string } {
  if (message.role === "tool") {
    return { role: "user", content: `<tool_response>\n${message.content}\n</tool_response>` };
  }
  const { role, content } = message;
  if (role !== "assistant") return { role, content };
  const calls = message.toolCalls.map(
    ({ name, arguments: args }) =>
      `<tool_call>\n${JSON.stringify({ name, arguments: args })}\n</tool_call>`,
  );
  return { role, content: [content, ...calls].filter(Boolean).join("\n") };
}

export type InstructOptions = {
  readonly tools: ToolUse;
  /** A call as it should be written. */
  readonly example: string;
  /** Whether the template takes system messages; else they open the first of the user. */
  readonly hasSystemRole: boolean;
};

/** @throws ServiceError `template_error` where there is no message to put them into */
export function withInstructions(
  messages: readonly TemplateMessage[],
  { tools, example, hasSystemRole }: InstructOptions,
): readonly TemplateMessage[] {
  const text = instructions(tools, example);
  const [first, ...rest] = messages;
  const role = hasSystemRole ? "system" : "user";
  if (first && (first.role === role || first.role === "system")) {
    return [{ ...first, content: `${first.content}\n\n${text}` }, ...rest];
  }
  if (hasSystemRole) return [{ role, content: text }, ...messages];
  throw new ServiceError(
    "template_error",
    "this model's chat template takes no system message, so tools need a user message first",
    { param: "messages" },
  );
}

function instructions({ tools, isRequired, callable }: ToolUse, example: string): string {
  const which = callable.length === 1 ? `the function ${callable[0]}` : "a function";
  return [
    "You can call functions. These are their signatures, one JSON object a line:",
    "<tools>",
    ...tools.map(({ definition }) => JSON.stringify(definition)),
    "</tools>",
    isRequired ? `Now call ${which}.` : "Call one when it helps; otherwise answer as usual.",
    "To call a function, write nothing but this:",
    example,
  ].join("\n");
}
