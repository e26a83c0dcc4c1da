// Tools for models whose template does not describe them: instructions in a system message and, if the template does not
// support tool calls either, earlier calls and results as plain text.

import type { Message, ToolUse } from "../../generation/request.ts";
import { type TemplateMessage, templateError } from "./template-messages.ts";

/** Writes calls and results as text, in the Hermes format. */
export function plainMessages(messages: readonly Message[]): readonly TemplateMessage[] {
  const plain: { role: string; content: string }[] = [];
  for (const message of messages) {
    const next = plainMessage(message);
    const last = plain.at(-1);
    // Results of several calls become one user message, because many templates require alternating roles.
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
  /** A call as the model should write it. */
  readonly example: string;
  /** Whether the template accepts system messages; otherwise the instructions go into the first user message. */
  readonly hasSystemRole: boolean;
};

/** @throws ServiceError `template_error` when no message can hold the instructions */
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
  throw templateError(
    "this model's chat template does not support system messages, so with tools the first message must be from the user",
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
