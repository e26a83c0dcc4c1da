// How models mark their reasoning. The chat template, or a token of the vocabulary, shows which format a model uses.

export type ReasoningFormat = {
  readonly name: string;
  /** Starts the reasoning; with channels, it ends a header and starts its message. */
  readonly opener: string;
  /** Text that ends the reasoning when the budget is used up. */
  readonly ending: string;
  readonly controlTexts: readonly string[];
} & (
  | { readonly type: "tags"; readonly closer: string }
  /** The whole answer is a sequence of messages, each with a header that names its channel. */
  | {
      readonly type: "channels";
      /** Each ends a message; the next header follows. */
      readonly closers: readonly string[];
      readonly isReasoning: (header: string) => boolean;
    }
);

function tags(
  name: string,
  opener: string,
  closer: string,
  controlTexts: readonly string[] = [opener, closer],
): ReasoningFormat {
  return { name, type: "tags", opener, closer, ending: `\n${closer}\n\n`, controlTexts };
}

const FORMATS: readonly ReasoningFormat[] = [
  {
    // https://github.com/openai/harmony
    name: "harmony",
    type: "channels",
    opener: "<|message|>",
    closers: ["<|end|>", "<|start|>", "<|channel|>"],
    isReasoning: (header) => header.includes("analysis"),
    ending: "<|end|><|start|>assistant<|channel|>final<|message|>",
    controlTexts: ["<|channel|>", "<|message|>", "<|start|>", "<|end|>", "<|constrain|>"],
  },
  tags("gemma-4", "<|channel>thought", "<channel|>", ["<|channel>", "<channel|>"]),
  tags("magistral", "[THINK]", "[/THINK]"),
  tags("think", "<think>", "</think>"),
];

/** @returns null for a model without reasoning */
export function findReasoningFormat(
  template: string,
  hasToken: (text: string) => boolean,
): ReasoningFormat | null {
  const found = FORMATS.find(({ type, opener }) => {
    if (type === "channels") return template.includes("<|channel|>analysis");
    return template.includes(opener) || hasToken(opener);
  });
  return found ?? null;
}

/** @throws Error for a name that is not in the table */
export function reasoningFormatNamed(name: string): ReasoningFormat {
  const format = FORMATS.find((each) => each.name === name);
  if (!format) throw new Error(`unknown reasoning format ${name}`);
  return format;
}

/** Whether a text ends inside reasoning: some templates open it at the end of the prompt. */
export function endsInReasoning(format: ReasoningFormat, text: string): boolean {
  if (format.type === "channels") return false;
  return text.lastIndexOf(format.opener) > text.lastIndexOf(format.closer);
}

/** Text in a system message that enables reasoning, for a model whose template has no variable for it. */
export function reasoningInstruction(modelName: string): string | null {
  return modelName === "Built-in model" ? "/think" : null;
}
