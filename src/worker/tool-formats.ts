// How each model family writes a call of a tool: what begins it, how it is read, and the grammar that it is held to. A
// family is recognised by its chat template; a model whose template knows no tools is told to use the generic form.

import { literal } from "../grammar/rules.ts";

export type Marker = {
  readonly text: string;
  /** It counts only where nothing but white space came before. */
  readonly isAtStart: boolean;
};

/** GBNF of one tool: its name in quotes of GBNF (no others), and the rule of its arguments. */
export type CallRules = { readonly name: string; readonly args: string };

export type ToolFormat = {
  readonly name: string;
  readonly isOf: (template: string) => boolean;
  /** What begins a call, among text. */
  readonly openers: (toolNames: readonly string[]) => readonly Marker[];
  /** Found in what follows, it ends right before the arguments; its only group is the tool's name. */
  readonly header: RegExp;
  /** After it comes text again; null where nothing but calls follows a call. */
  readonly closer: string | null;
  /** Texts without a meaning for the reader. */
  readonly dropped: readonly Marker[];
  /** Control tokens that are part of it: all others have no text. */
  readonly controlTexts: readonly string[];
  /** A call as the model should write it, for those whose template cannot tell them. */
  readonly example?: string;
  readonly grammar: {
    /** What comes before the first call if the answer has to be one. */
    readonly lead: string;
    readonly begin: string;
    readonly call: (rules: CallRules) => string;
    /** Null where an answer holds one call at most. */
    readonly between: string | null;
    readonly end: string;
  };
};

/** White space that models put between the pieces, but not without end. */
const GAP = "[ \\n\\t]{0,4}";
const SPACE = '" "?';

const anywhere = (...texts: string[]): Marker[] =>
  texts.map((text) => ({ text, isAtStart: false }));
const atStart = (...texts: string[]): Marker[] => texts.map((text) => ({ text, isAtStart: true }));

/** `{"name": "x", "arguments": {...}`, without what closes it. */
function jsonCall({ name, args }: CallRules, key: "arguments" | "parameters"): string {
  return [
    literal("{"),
    GAP,
    literal('"name":'),
    SPACE,
    literal('"'),
    name,
    literal('",'),
    SPACE,
    literal(`"${key}":`),
    SPACE,
    args,
  ].join(" ");
}

/** In templates that have the same tags, but something else between them: Qwen3-Coder, GLM, MiniMax. */
const OTHER_TAGS = ["<parameter=", "<arg_key>", "]<]minimax[>["];

const TAGGED = {
  openers: () => anywhere("<tool_call>"),
  header: /\{\s*"name"\s*:\s*"([^"\\]+)"\s*,\s*"(?:arguments|parameters)"\s*:\s*(?=\{)/,
  closer: "</tool_call>",
  dropped: [],
  controlTexts: ["<tool_call>", "</tool_call>"],
  example: '<tool_call>\n{"name": "FUNCTION", "arguments": {"ARGUMENT": "VALUE"}}\n</tool_call>',
  grammar: {
    lead: "",
    begin: "",
    call: (rules: CallRules) =>
      `"<tool_call>" ${GAP} ${jsonCall(rules, "arguments")} ${GAP} "}" ${GAP} "</tool_call>"`,
    between: GAP,
    end: "",
  },
} satisfies Partial<ToolFormat>;

/** For models whose template knows no tools, or a form that is not in the table; see tool-instructions.ts. */
export const GENERIC: ToolFormat = { ...TAGGED, name: "generic", isOf: () => false };

/** In this order: the first that recognises a template. */
export const TOOL_FORMATS: readonly ToolFormat[] = [
  {
    // https://github.com/openai/harmony ; the answer itself is in channels, see thought-formats.ts
    name: "harmony",
    isOf: (template) => template.includes("<|channel|>"),
    openers: () => anywhere("to=functions."),
    header: /to=functions\.([\w.-]+)[^{]*?<\|message\|>\s*(?=\{)/,
    closer: null,
    dropped: [],
    controlTexts: ["<|channel|>", "<|message|>", "<|start|>", "<|end|>", "<|constrain|>"],
    grammar: {
      lead: literal("<|channel|>commentary "),
      begin: "",
      call: ({ name, args }) =>
        `"to=functions." ${name} ( "<|channel|>" ( "commentary" | "analysis" ) )? ( ${SPACE} "<|constrain|>"? "json" )? "<|message|>" ${args}`,
      between: null,
      end: "",
    },
  },
  {
    // https://huggingface.co/meetkai/functionary-medium-v3.2 ; the prompt ends with the first ">>>"
    name: "functionary-v3.2",
    isOf: (template) => template.includes(">>>all"),
    openers: (names) => [
      ...atStart(...names.map((name) => `${name}\n`)),
      ...anywhere(...names.map((name) => `>>>${name}\n`)),
    ],
    header: /(?:^|>>>)\s*([\w.-]+)\n\s*(?=\{)/,
    closer: null,
    dropped: [...atStart("all\n"), ...anywhere(">>>all\n")],
    controlTexts: [],
    grammar: {
      lead: "",
      begin: "",
      call: ({ name, args }) => `">>>"? ${name} "\\n" ${args}`,
      between: GAP,
      end: "",
    },
  },
  {
    // https://huggingface.co/meetkai/functionary-small-v3.1
    name: "functionary-v3.1",
    isOf: (template) => template.includes("<function=") && !template.includes("<parameter="),
    openers: (names) => anywhere(...names.map((name) => `<function=${name}>`)),
    header: /<function=([\w.-]+)>\s*(?=\{)/,
    closer: "</function>",
    dropped: [],
    controlTexts: [],
    grammar: {
      lead: "",
      begin: "",
      call: ({ name, args }) => `"<function=" ${name} ">" ${GAP} ${args} ${GAP} "</function>"`,
      between: GAP,
      end: "",
    },
  },
  {
    // https://huggingface.co/deepseek-ai/DeepSeek-R1 and -V3: with a fence of Markdown around the arguments
    name: "deepseek-r1",
    isOf: (template) => template.includes("<｜tool▁calls▁begin｜>") && template.includes("```json"),
    openers: () => anywhere("<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>"),
    header: /<｜tool▁call▁begin｜>function<｜tool▁sep｜>\s*([\w.-]+)\s*```json\s*(?=\{)/,
    closer: "<｜tool▁calls▁end｜>",
    dropped: [],
    controlTexts: deepseekTokens(),
    example:
      '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>FUNCTION\n```json\n{"ARGUMENT": "VALUE"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    grammar: {
      lead: "",
      begin: `"<｜tool▁calls▁begin｜>"? ${GAP}`,
      call: ({ name, args }) =>
        `"<｜tool▁call▁begin｜>function<｜tool▁sep｜>" ${name} "\\n\`\`\`json\\n" ${args} "\\n\`\`\`" "<｜tool▁call▁end｜>"`,
      between: GAP,
      end: `${GAP} "<｜tool▁calls▁end｜>"`,
    },
  },
  {
    // https://huggingface.co/deepseek-ai/DeepSeek-V3.1
    name: "deepseek-v3.1",
    isOf: (template) => template.includes("<｜tool▁calls▁begin｜>"),
    openers: () => anywhere("<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>"),
    header: /<｜tool▁call▁begin｜>\s*([\w.-]+)\s*<｜tool▁sep｜>\s*(?=\{)/,
    closer: "<｜tool▁calls▁end｜>",
    dropped: [],
    controlTexts: deepseekTokens(),
    example:
      '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>FUNCTION<｜tool▁sep｜>{"ARGUMENT": "VALUE"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    grammar: {
      lead: "",
      begin: `"<｜tool▁calls▁begin｜>"? ${GAP}`,
      call: ({ name, args }) =>
        `"<｜tool▁call▁begin｜>" ${name} "<｜tool▁sep｜>" ${args} "<｜tool▁call▁end｜>"`,
      between: GAP,
      end: `${GAP} "<｜tool▁calls▁end｜>"`,
    },
  },
  {
    // https://docs.mistral.ai/cookbooks/concept-deep-dive-tokenization-tool_calling : tokenizer v11 and later
    name: "mistral-v11",
    isOf: (template) => template.includes("[TOOL_CALLS]") && template.includes("[ARGS]"),
    openers: () => anywhere("[TOOL_CALLS]"),
    header: /\[TOOL_CALLS\]\s*([\w.-]+)(?:\[CALL_ID\]\w*)?\[ARGS\]\s*(?=\{)/,
    closer: null,
    dropped: [],
    controlTexts: ["[TOOL_CALLS]", "[ARGS]", "[CALL_ID]"],
    grammar: {
      lead: "",
      begin: "",
      call: ({ name, args }) =>
        `"[TOOL_CALLS]" ${name} ( "[CALL_ID]" [a-zA-Z0-9]{9} )? "[ARGS]" ${args}`,
      between: "",
      end: "",
    },
  },
  {
    // As above, up to tokenizer v7
    name: "mistral",
    isOf: (template) => template.includes("[TOOL_CALLS]"),
    openers: () => anywhere("[TOOL_CALLS]"),
    header: /\{\s*"name"\s*:\s*"([^"\\]+)"\s*,\s*"(?:arguments|parameters)"\s*:\s*(?=\{)/,
    closer: null,
    dropped: [],
    controlTexts: ["[TOOL_CALLS]"],
    grammar: {
      lead: "",
      begin: `"[TOOL_CALLS]" ${SPACE} "["`,
      call: (rules) =>
        `${jsonCall(rules, "arguments")} ( ", \\"id\\": \\"" [a-zA-Z0-9]{9} "\\"" )? "}"`,
      between: `"," ${SPACE}`,
      end: '"]"',
    },
  },
  {
    // https://www.llama.com/docs/model-cards-and-prompt-formats/llama3_1 : one call, and nothing else, as JSON
    name: "llama-3",
    isOf: (template) => template.includes("<|start_header_id|>ipython<|end_header_id|>"),
    openers: (names) => [
      ...anywhere("<|python_tag|>"),
      ...names.flatMap((name) =>
        atStart(
          `{"name": "${name}"`,
          `{"name":"${name}"`,
          `{"type": "function", "name": "${name}"`,
        ),
      ),
    ],
    header: /"name"\s*:\s*"([^"\\]+)"\s*,\s*"(?:arguments|parameters)"\s*:\s*(?=\{)/,
    closer: null,
    dropped: [],
    controlTexts: ["<|python_tag|>"],
    grammar: {
      lead: "",
      begin: '"<|python_tag|>"?',
      call: ({ name, args }) =>
        [
          `"{" ${SPACE} ( "\\"type\\": \\"function\\"," ${SPACE} )?`,
          `"\\"name\\":" ${SPACE} "\\"" ${name} "\\"," ${SPACE}`,
          `"\\"parameters\\":" ${SPACE} ${args} ${GAP} "}"`,
        ].join(" "),
      between: null,
      end: "",
    },
  },
  {
    // https://github.com/NousResearch/Hermes-Function-Calling ; Qwen 2.5 and Qwen 3 as well
    ...TAGGED,
    name: "hermes",
    isOf: (template) =>
      template.includes("<tool_call>") && !OTHER_TAGS.some((text) => template.includes(text)),
  },
];

function deepseekTokens(): readonly string[] {
  return [
    ...["<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>", "<｜tool▁call▁begin｜>"],
    ...["<｜tool▁call▁end｜>", "<｜tool▁sep｜>"],
  ];
}

/** Of a model's template; the generic form where none is recognised. */
export function toolFormatOf(template: string): ToolFormat {
  return TOOL_FORMATS.find(({ isOf }) => isOf(template)) ?? GENERIC;
}

/** @throws Error for a name that is not in the table */
export function toolFormatNamed(name: string): ToolFormat {
  const format = [...TOOL_FORMATS, GENERIC].find((each) => each.name === name);
  if (!format) throw new Error(`there is no tool format ${name}`);
  return format;
}
