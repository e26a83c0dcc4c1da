// Lines that programs put in front of a system prompt and change in each request. The model does not need them, but everything
// after them would be read again each time, so they are taken out before a prompt is rendered. Listed in docs/clients.md.

import type { Message } from "../generation/request.ts";

type ChangingLine = {
  readonly name: string;
  readonly sentBy: string;
  /** Anchored at the start of a system text. Must run in linear time: no part may match in two ways. */
  readonly pattern: RegExp;
};

export const CHANGING_LINES: readonly ChangingLine[] = [
  {
    name: "x-anthropic-billing-header",
    sentBy: "Claude Code",
    // Fields that end in a semicolon, because some proxies put the next text on the same line.
    pattern: /^x-anthropic-billing-header:(?: *\w+=[^;\n]*;)+\s*/,
  },
];

/**
 * Takes the changing lines out of system messages, and leaves out a message that has no other text. Only the first line of
 * a message can be one.
 */
export function withoutChangingLines(messages: readonly Message[]): readonly Message[] {
  if (!messages.some(beginsWithOne)) return messages; // almost all conversations
  const kept = messages.flatMap((message) => {
    if (!beginsWithOne(message)) return [message];
    const content = withoutLine(message.content);
    return content === "" ? [] : [{ ...message, content }];
  });
  return kept.length > 0 ? kept : messages; // an empty conversation cannot be rendered
}

function beginsWithOne({ role, content }: Message): boolean {
  return role === "system" && CHANGING_LINES.some(({ pattern }) => pattern.test(content));
}

function withoutLine(content: string): string {
  return CHANGING_LINES.reduce((text, { pattern }) => text.replace(pattern, ""), content);
}
