// Tools for models whose template does not describe them: instructions in a system message and, if the template does not
// support tool calls either, earlier calls and results as plain text.

import type { Message, ToolUse } from "../../../generation/request.ts";

type Result = Extract<Message, { role: "tool" }>;

/** Writes calls and results as text, in the Hermes format. */
export function plainMessages(messages: readonly Message[]): readonly Message[] {
  const plain: Message[] = [];
  for (const message of messages) {
    const next = plainMessage(message);
    const last = plain.at(-1);
    // Results of several calls become one user message, because many templates require alternating roles.
    if (last && last.role === next.role && message.role === "tool") {
      plain.splice(-1, 1, { ...last, content: `${last.content}\n${next.content}` });
    } else plain.push(next);
  }
  return plain;
}

function plainMessage(message: Message): Message {
  if (message.role === "tool") return resultAsText(message);
  if (message.role !== "assistant") return message;
  const calls = message.toolCalls.map(
    ({ name, arguments: args }) =>
      `<tool_call>\n${JSON.stringify({ name, arguments: args })}\n</tool_call>`,
  );
  const content = [message.content, ...calls].filter(Boolean).join("\n");
  return { ...message, content, toolCalls: [] };
}

export function resultAsText({ content }: Result): Message {
  return { role: "user", content: `<tool_response>\n${content}\n</tool_response>` };
}

/** Adds instructions to the first message if that is a system message; otherwise adds a system message in front. */
export function withInstruction(messages: readonly Message[], text: string): readonly Message[] {
  const [first, ...rest] = messages;
  if (first?.role !== "system") return [{ role: "system", content: text }, ...messages];
  return [{ ...first, content: `${first.content}\n${text}` }, ...rest];
}

export type ToolInstructions = {
  readonly tools: ToolUse;
  /** A call as the model should write it. */
  readonly example: string;
  /** Whether the template shows system messages; otherwise the instructions go into the first user message. */
  readonly hasSystemRole: boolean;
};

export function withToolInstructions(
  messages: readonly Message[],
  { tools, example, hasSystemRole }: ToolInstructions,
): readonly Message[] {
  const text = instructions(tools, example);
  const [first, ...rest] = messages;
  const role = hasSystemRole ? "system" : "user";
  if (first?.role !== role && first?.role !== "system")
    return [{ role, content: text }, ...messages];
  return [{ ...first, content: `${first.content}\n\n${text}` }, ...rest];
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
