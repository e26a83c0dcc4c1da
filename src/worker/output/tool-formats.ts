// The tool call format of each model family: its start markers, how to read it, and its grammar. The chat template shows the
// family. A model whose template does not support tools is instructed to use the generic format.

import { choice, optional, sequence } from "../../grammar/nodes.ts";
import { regExpNode } from "../../grammar/text/pattern/regexp-node.ts";
import {
  anywhere,
  atStart,
  GAP,
  jsonCall,
  SPACE,
  type ToolFormat,
  withDefaults,
} from "./tool-format.ts";

/** Markers of templates that use the same tags with other content: Qwen3-Coder, GLM, MiniMax. */
const OTHER_TAGS = ["<parameter=", "<arg_key>", "]<]minimax[>["];

/** https://github.com/NousResearch/Hermes-Function-Calling ; Qwen 2.5 and Qwen 3 as well */
const TAGGED = withDefaults({
  name: "hermes",
  isUsedBy: (template) =>
    template.includes("<tool_call>") && !OTHER_TAGS.some((text) => template.includes(text)),
  openers: () => anywhere("<tool_call>"),
  header: /\{\s*"name"\s*:\s*"([^"\\]+)"\s*,\s*"(?:arguments|parameters)"\s*:\s*(?=\{)/,
  closer: "</tool_call>",
  controlTexts: ["<tool_call>", "</tool_call>"],
  example: '<tool_call>\n{"name": "FUNCTION", "arguments": {"ARGUMENT": "VALUE"}}\n</tool_call>',
  grammar: {
    call: (rules) => sequence("<tool_call>", GAP, jsonCall(rules), GAP, "}", GAP, "</tool_call>"),
    between: GAP,
  },
});

/** For models whose template does not support tools, or uses a format that is not in the table; see tool-instructions.ts. */
export const GENERIC: ToolFormat = { ...TAGGED, name: "generic", isUsedBy: () => false };

const DEEPSEEK = {
  openers: () => anywhere("<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>"),
  closer: "<｜tool▁calls▁end｜>",
  controlTexts: [
    "<｜tool▁calls▁begin｜>",
    "<｜tool▁calls▁end｜>",
    "<｜tool▁call▁begin｜>",
    "<｜tool▁call▁end｜>",
    "<｜tool▁sep｜>",
  ],
};
const DEEPSEEK_CALLS = {
  begin: sequence(optional("<｜tool▁calls▁begin｜>"), GAP),
  between: GAP,
  end: sequence(GAP, "<｜tool▁calls▁end｜>"),
};

/** An id as Mistral's models make them. */
const CALL_ID = regExpNode("[a-zA-Z0-9]{9}");

/** Gemma's format: `call:x{city:<q>Rome<q>}`. */
function gemma(name: string, opener: string, closer: string, quote: string): ToolFormat {
  return withDefaults({
    name,
    isUsedBy: (template) => template.includes(`${opener}call:`),
    openers: () => anywhere(`${opener}call:`),
    header: /call:([\w.-]+)\s*(?=\{)/,
    closer,
    syntax: { quote, areNamesQuoted: false, hasEscapes: false },
    controlTexts: [opener, closer, quote],
    grammar: {
      call: ({ name: tool, args }) => sequence(`${opener}call:${tool}`, args, closer),
      between: "",
    },
  });
}

/** The first format that matches a template is used. */
export const TOOL_FORMATS: readonly ToolFormat[] = [
  // https://ai.google.dev/gemma/docs/core/prompt-formatting-gemma4
  gemma("gemma-4", "<|tool_call>", "<tool_call|>", '<|"|>'),
  // https://ai.google.dev/gemma/docs/functiongemma/formatting-and-best-practices
  gemma("function-gemma", "<start_function_call>", "<end_function_call>", "<escape>"),
  withDefaults({
    // https://github.com/openai/harmony ; the answer itself is in channels, see reasoning-formats.ts
    name: "harmony",
    isUsedBy: (template) => template.includes("<|channel|>"),
    openers: () => anywhere("to=functions."),
    header: /to=functions\.([\w.-]+)[^{]*?<\|message\|>\s*(?=\{)/,
    controlTexts: ["<|channel|>", "<|message|>", "<|start|>", "<|end|>", "<|constrain|>"],
    grammar: {
      lead: "<|channel|>commentary ",
      call: ({ name, args }) =>
        sequence(
          `to=functions.${name}`,
          optional("<|channel|>", choice("commentary", "analysis")),
          optional(SPACE, optional("<|constrain|>"), "json"),
          "<|message|>",
          args,
        ),
      between: null,
    },
  }),
  withDefaults({
    // https://huggingface.co/meetkai/functionary-medium-v3.2 ; the prompt ends with the first ">>>"
    name: "functionary-v3.2",
    isUsedBy: (template) => template.includes(">>>all"),
    openers: (names) => [
      ...atStart(...names.map((name) => `${name}\n`)),
      ...anywhere(...names.map((name) => `>>>${name}\n`)),
    ],
    header: /(?:^|>>>)\s*([\w.-]+)\n\s*(?=\{)/,
    dropped: [...atStart("all\n"), ...anywhere(">>>all\n")],
    grammar: {
      call: ({ name, args }) => sequence(optional(">>>"), `${name}\n`, args),
      between: GAP,
    },
  }),
  withDefaults({
    // https://huggingface.co/meetkai/functionary-small-v3.1
    name: "functionary-v3.1",
    isUsedBy: (template) => template.includes("<function=") && !template.includes("<parameter="),
    openers: (names) => anywhere(...names.map((name) => `<function=${name}>`)),
    header: /<function=([\w.-]+)>\s*(?=\{)/,
    closer: "</function>",
    grammar: {
      call: ({ name, args }) => sequence(`<function=${name}>`, GAP, args, GAP, "</function>"),
      between: GAP,
    },
  }),
  withDefaults({
    // https://huggingface.co/deepseek-ai/DeepSeek-R1 and -V3: a Markdown code fence around the arguments
    ...DEEPSEEK,
    name: "deepseek-r1",
    isUsedBy: (template) =>
      template.includes("<｜tool▁calls▁begin｜>") && template.includes("```json"),
    header: /<｜tool▁call▁begin｜>function<｜tool▁sep｜>\s*([\w.-]+)\s*```json\s*(?=\{)/,
    example:
      '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>FUNCTION\n```json\n{"ARGUMENT": "VALUE"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    grammar: {
      ...DEEPSEEK_CALLS,
      call: ({ name, args }) =>
        sequence(
          `<｜tool▁call▁begin｜>function<｜tool▁sep｜>${name}\n\`\`\`json\n`,
          args,
          "\n```<｜tool▁call▁end｜>",
        ),
    },
  }),
  withDefaults({
    // https://huggingface.co/deepseek-ai/DeepSeek-V3.1
    ...DEEPSEEK,
    name: "deepseek-v3.1",
    isUsedBy: (template) => template.includes("<｜tool▁calls▁begin｜>"),
    header: /<｜tool▁call▁begin｜>\s*([\w.-]+)\s*<｜tool▁sep｜>\s*(?=\{)/,
    example:
      '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>FUNCTION<｜tool▁sep｜>{"ARGUMENT": "VALUE"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    grammar: {
      ...DEEPSEEK_CALLS,
      call: ({ name, args }) =>
        sequence(`<｜tool▁call▁begin｜>${name}<｜tool▁sep｜>`, args, "<｜tool▁call▁end｜>"),
    },
  }),
  withDefaults({
    // https://docs.mistral.ai/cookbooks/concept-deep-dive-tokenization-tool_calling : tokenizer v11 and later
    name: "mistral-v11",
    isUsedBy: (template) => template.includes("[TOOL_CALLS]") && template.includes("[ARGS]"),
    openers: () => anywhere("[TOOL_CALLS]"),
    header: /\[TOOL_CALLS\]\s*([\w.-]+)(?:\[CALL_ID\]\w*)?\[ARGS\]\s*(?=\{)/,
    controlTexts: ["[TOOL_CALLS]", "[ARGS]", "[CALL_ID]"],
    grammar: {
      call: ({ name, args }) =>
        sequence(`[TOOL_CALLS]${name}`, optional("[CALL_ID]", CALL_ID), "[ARGS]", args),
      between: "",
    },
  }),
  withDefaults({
    // The same vendor, up to tokenizer v7
    name: "mistral",
    isUsedBy: (template) => template.includes("[TOOL_CALLS]"),
    openers: () => anywhere("[TOOL_CALLS]"),
    header: /\{\s*"name"\s*:\s*"([^"\\]+)"\s*,\s*"(?:arguments|parameters)"\s*:\s*(?=\{)/,
    controlTexts: ["[TOOL_CALLS]"],
    grammar: {
      begin: sequence("[TOOL_CALLS]", SPACE, "["),
      call: (rules) => sequence(jsonCall(rules), optional(', "id": "', CALL_ID, '"'), "}"),
      between: sequence(",", SPACE),
      end: "]",
    },
  }),
  withDefaults({
    // https://www.llama.com/docs/model-cards-and-prompt-formats/llama3_1 : the answer is one call as JSON, and nothing else
    name: "llama-3",
    isUsedBy: (template) => template.includes("<|start_header_id|>ipython<|end_header_id|>"),
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
    controlTexts: ["<|python_tag|>"],
    grammar: {
      begin: optional("<|python_tag|>"),
      call: ({ name, args }) =>
        sequence(
          sequence("{", SPACE, optional('"type": "function",', SPACE)),
          sequence('"name":', SPACE, `"${name}",`, SPACE),
          sequence('"parameters":', SPACE, args, GAP, "}"),
        ),
      between: null,
    },
  }),
  TAGGED,
];

/** @returns the generic format if no other matches */
export function findToolFormat(template: string): ToolFormat {
  return TOOL_FORMATS.find(({ isUsedBy }) => isUsedBy(template)) ?? GENERIC;
}

/** @throws Error for a name that is not in the table */
export function toolFormatNamed(name: string): ToolFormat {
  const format = [...TOOL_FORMATS, GENERIC].find((each) => each.name === name);
  if (!format) throw new Error(`unknown tool format ${name}`);
  return format;
}
