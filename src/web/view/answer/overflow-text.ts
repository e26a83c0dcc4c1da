// What a conversation that is too long for its model can be told, from the figures in the server's error.

import { count } from "../format.ts";

type OverflowFigures = { readonly promptTokens: number; readonly contextTokens: number };

type OverflowText = { readonly title: string; readonly text: string; readonly advice: string };

/**
 * @param message the server's, with the code `context_length_exceeded`
 * @param canOmit whether there are older messages that can be left out
 */
export function overflowText(message: string, canOmit: boolean): OverflowText {
  const figures = figuresIn(message);
  if (canOmit)
    return {
      title: "The conversation is too long for the model",
      text: figures ? `It has ${sizes(figures)}` : message,
      advice: "Omitted messages stay visible here, but are no longer sent to the model.",
    };
  return {
    title: "This message is too long for the model",
    text: figures ? `With the settings of this chat, it has ${sizes(figures)}` : message,
    advice: `Shorten it${figures ? shareOver(figures) : ""}, or choose a model with a larger context.`,
  };
}

function figuresIn(message: string): OverflowFigures | null {
  const [, context, prompt] =
    /context length is (\d+) tokens.*resulted in (\d+) tokens/.exec(message) ?? [];
  return prompt === undefined
    ? null
    : { promptTokens: Number(prompt), contextTokens: Number(context) };
}

function sizes({ promptTokens, contextTokens }: OverflowFigures): string {
  const [prompt, context] = [promptTokens, contextTokens].map(count);
  return `${prompt} tokens. The model can hold ${context} tokens, including its answer.`;
}

function shareOver({ promptTokens, contextTokens }: OverflowFigures): string {
  const share = Math.ceil((1 - (contextTokens - 1) / promptTokens) * 100);
  return share > 0 && share < 100 ? ` by at least ${share}%` : "";
}
