// How models write the thoughts before an answer. Recognised by the chat template, or by a token of the vocabulary.

export type ReasoningFormat =
  | {
      readonly name: string;
      readonly type: "tags";
      readonly opener: string;
      readonly closer: string;
      /** Written for the model when its budget is used up. */
      readonly ending: string;
      readonly controlTexts: readonly string[];
    }
  /** The whole answer comes in messages, each with a header that says what it is. */
  | {
      readonly name: string;
      readonly type: "channels";
      /** Ends a header. */
      readonly opener: string;
      /** End a message; another header follows. */
      readonly closers: readonly string[];
      readonly isReasoning: (header: string) => boolean;
      readonly ending: string;
      readonly controlTexts: readonly string[];
    };

function tags(
  name: string,
  opener: string,
  closer: string,
  controlTexts: readonly string[] = [opener, closer],
): ReasoningFormat {
  return {
    name,
    type: "tags",
    opener,
    closer,
    ending: `\n${closer}\n\n`,
    controlTexts,
  };
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

/** Of a model's template and the texts of its vocabulary; null for a model that does not think. */
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
  if (!format) throw new Error(`there is no thought format ${name}`);
  return format;
}

/** Whether a text leaves its thoughts open: the end of a prompt, where some templates begin them for the model. */
export function endsInReasoning(format: ReasoningFormat, text: string): boolean {
  if (format.type === "channels") return false;
  return text.lastIndexOf(format.opener) > text.lastIndexOf(format.closer);
}

/** Words in a system message that make a model think whose template has no variable for it. */
export function reasoningInstruction(modelName: string): string | null {
  return modelName === "Built-in model" ? "/think" : null;
}
