// Messages → prompt text, by the model's own Jinja template (the GGUF's `tokenizer.chat_template`), with tools, thoughts
// and the beginning of an answer where they are asked for.

import { randomBytes } from "node:crypto";
import { Template } from "@huggingface/jinja";
import { ServiceError } from "../../errors.ts";
import type { Json, Prompt, ReasoningOptions } from "../../generation/request.ts";
import type { ToolFormat } from "../output/tool-format.ts";
import { GENERIC, toolFormatOf } from "../output/tool-formats.ts";
import { PromptFence, type PromptSegment } from "./prompt-fence.ts";
import {
  type CallForm,
  callFormOf,
  type TemplateMessage,
  templateMessages,
} from "./template-messages.ts";
import { plainMessages, withInstructions } from "./tool-instructions.ts";

export type MessagesPrompt = Extract<Prompt, { type: "messages" }>;

export type ChatTemplateOptions = {
  readonly source: string;
  /** Texts of the vocabulary's control tokens, e.g. `<|im_end|>`. */
  readonly controlTexts: readonly string[];
  readonly bosText: string | null;
  readonly eosText: string | null;
  /** What makes the model think, in a system message, where the template has no variable for it. */
  readonly reasoningInstruction: string | null;
};

type Variables = { readonly [name: string]: Json };

/** Variables that templates ask for whether, or how much, to think. */
const THINKING_VARIABLES = /\b(enable_thinking|reasoning_effort|thinking)\b/;

const QUESTION: readonly TemplateMessage[] = [{ role: "user", content: "question" }];

export class ChatTemplate {
  readonly source: string;
  readonly toolFormat: ToolFormat;
  readonly #template: Template;
  readonly #options: ChatTemplateOptions;
  /** Null when the template knows no calls: they are written as plain text. */
  readonly #callForm: CallForm | null;
  readonly #tellsTools: boolean;
  readonly #hasSystemRole: boolean;
  /** How this template wants to hear that there are no tools: some take only one of these. */
  readonly #noTools: null | readonly [];
  readonly #fence: PromptFence;
  /** Marks where the prompt ends that goes on with its last message. */
  readonly #end = `\uE004${randomBytes(8).toString("hex")}\uE005`;

  /** @throws Error when the template cannot be parsed */
  constructor(options: ChatTemplateOptions) {
    this.#options = options;
    this.source = options.source;
    this.#template = new Template(options.source);
    this.#fence = new PromptFence(options.controlTexts);
    this.#noTools = this.#rendersTo("question", QUESTION, { tools: null }) ? null : [];
    const callForm = callFormOf(options.source, (messages) => this.#run(messages, {}));
    const format = callForm ? toolFormatOf(options.source) : GENERIC;
    const isTold = callForm !== null && format !== GENERIC && this.#showsTools();
    this.toolFormat = isTold || format.example ? format : GENERIC;
    this.#tellsTools = isTold;
    this.#callForm = this.toolFormat === GENERIC ? null : callForm;
    this.#hasSystemRole = this.#takesSystemMessages();
  }

  /**
   * @throws ServiceError `template_error` with the template's own words when it refuses the messages;
   * `unsupported_parameter` for a variable that it does not have
   */
  render(prompt: MessagesPrompt): readonly PromptSegment[] {
    this.#refuseUnknown(prompt.variables);
    const { tools } = prompt;
    if (!tools || !this.#tellsTools) return this.#rendered(prompt, false);
    try {
      return this.#rendered(prompt, true);
    } catch (error) {
      if (!this.toolFormat.example) throw error;
    }
    return this.#rendered(prompt, false); // it may stumble over a definition; told in words the tools are the same
  }

  /** @param isTold whether the template tells of the tools; else a system message does */
  #rendered(prompt: MessagesPrompt, isTold: boolean): readonly PromptSegment[] {
    const tools = isTold ? prompt.tools?.tools.map(({ definition }) => definition) : null;
    const rendered = this.#tryRun(
      this.#fence.fence(this.#messagesOf(prompt, isTold)) as readonly TemplateMessage[], // of the same shape
      {
        ...this.#reasoningVariables(prompt.reasoning),
        ...(this.#fence.fence(prompt.variables) as Variables), // of the same shape
        tools: this.#fence.fence(tools ?? this.#noTools),
        add_generation_prompt: !prompt.continuesLast,
      },
    );
    return this.#fence.segments(prompt.continuesLast ? this.#upToEnd(rendered) : rendered);
  }

  #messagesOf(prompt: MessagesPrompt, isTold: boolean): readonly TemplateMessage[] {
    const { messages, tools, continuesLast } = prompt;
    const form = this.#callForm;
    const written = form ? templateMessages(messages, form) : plainMessages(messages);
    const { example } = this.toolFormat;
    const hasSystemRole = this.#hasSystemRole;
    const told =
      tools && !isTold && example
        ? withInstructions(written, { tools, example, hasSystemRole })
        : written;
    const last = told.at(-1);
    const ended =
      continuesLast && last
        ? [...told.slice(0, -1), { ...last, content: `${last.content ?? ""}${this.#end}` }]
        : told;
    return this.#withReasoningInstruction(ended, prompt);
  }

  #withReasoningInstruction(
    messages: readonly TemplateMessage[],
    { reasoning, variables }: MessagesPrompt,
  ): readonly TemplateMessage[] {
    const words = this.#options.reasoningInstruction;
    const isWanted = (reasoning.effort ?? "none") !== "none" || variables.enable_thinking === true;
    if (words === null || !isWanted) return messages;
    const [first, ...rest] = messages;
    if (first?.role !== "system") return [{ role: "system", content: words }, ...messages];
    return [{ ...first, content: `${first.content}\n${words}` }, ...rest];
  }

  /** A variable that a template does not have would change nothing; without thinking that is what was wanted. */
  #refuseUnknown(variables: Variables): void {
    const unknown = Object.keys(variables).find((name) => {
      const isReasoning = name === "enable_thinking" || name === "thinking";
      if (isReasoning && (variables[name] === false || this.#options.reasoningInstruction))
        return false;
      return !(/^[A-Za-z_]\w*$/.test(name) && new RegExp(`\\b${name}\\b`).test(this.source));
    });
    if (unknown === undefined) return;
    const param = `chat_template_kwargs.${unknown}`;
    throw new ServiceError(
      "unsupported_parameter",
      `${param}: this model's chat template has no such variable`,
      { param },
    );
  }

  /** @throws ServiceError when thinking is asked for, and the template has no way to say so */
  #reasoningVariables({ effort }: ReasoningOptions): Variables {
    if (effort === null) return {};
    if (effort === "none") return { enable_thinking: false, thinking: false };
    if (!this.#options.reasoningInstruction && !THINKING_VARIABLES.test(this.source)) {
      throw new ServiceError(
        "unsupported_parameter",
        `reasoning_effort ${effort}: this model's chat template has no switch for thinking; leave it out, or say none`,
        { param: "reasoning_effort" },
      );
    }
    return { enable_thinking: true, thinking: true, reasoning_effort: effort };
  }

  #tryRun(messages: readonly TemplateMessage[], variables: Variables): string {
    try {
      return this.#run(messages, variables);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ServiceError(
        "template_error",
        `the model's chat template refuses these messages: ${this.#fence.without(reason).replaceAll(this.#end, "")}`,
        { param: "messages", cause: error },
      );
    }
  }

  #run(messages: readonly TemplateMessage[], variables: Variables): string {
    const { bosText, eosText } = this.#options;
    return this.#template.render({
      tools: this.#noTools,
      add_generation_prompt: true,
      ...variables,
      bos_token: bosText ?? "",
      eos_token: eosText ?? "",
      messages,
    });
  }

  /** Whether definitions of tools come into the prompt. */
  #showsTools(): boolean {
    const definition = {
      type: "function",
      function: {
        name: "needle_tool",
        description: "",
        parameters: { type: "object", properties: {} },
      },
    };
    return this.#rendersTo("needle_tool", QUESTION, { tools: [definition] });
  }

  #takesSystemMessages(): boolean {
    const messages = [
      { role: "system", content: "needle_system" },
      { role: "user", content: "question" },
    ];
    return this.#rendersTo("needle_system", messages, {});
  }

  #rendersTo(needle: string, messages: readonly TemplateMessage[], variables: Variables): boolean {
    try {
      return this.#run(messages, variables).includes(needle);
    } catch {
      return false; // it was asked whether it can, and it cannot
    }
  }

  #upToEnd(rendered: string): string {
    const at = rendered.indexOf(this.#end);
    if (at >= 0) return rendered.slice(0, at);
    throw new ServiceError(
      "template_error",
      "this model's chat template cannot go on with a message of the assistant",
      { param: "messages" },
    );
  }
}
