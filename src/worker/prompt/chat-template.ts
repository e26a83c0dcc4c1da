// Renders messages to prompt text with the model's own Jinja template (the GGUF's `tokenizer.chat_template`), including tools,
// reasoning options and the start of an answer to continue.

import { randomBytes } from "node:crypto";
import type { Json, Prompt, ReasoningOptions } from "../../generation/request.ts";
import type { ToolFormat } from "../output/tool-format.ts";
import { findToolFormat, GENERIC } from "../output/tool-formats.ts";
import { parseTemplate, type Template, TemplateRaised } from "./jinja/template.ts";
import { PromptFence, type PromptSegment } from "./prompt-fence.ts";
import {
  type CallForm,
  findCallForm,
  type TemplateMessage,
  templateError,
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
  /** Text in a system message that enables reasoning, for a template without a variable for it; null otherwise. */
  readonly reasoningInstruction: string | null;
};

type Variables = { readonly [name: string]: Json };

/** Template variables that enable or limit reasoning. */
const REASONING_VARIABLES = /\b(enable_thinking|reasoning_effort|thinking)\b/;

const QUESTION: readonly TemplateMessage[] = [{ role: "user", content: "question" }];

export class ChatTemplate {
  readonly source: string;
  readonly toolFormat: ToolFormat;
  readonly canSwitchReasoning: boolean;
  readonly #template: Template;
  readonly #options: ChatTemplateOptions;
  /** Null when the template does not support tool calls; they are then written as plain text. */
  readonly #callForm: CallForm | null;
  readonly #describesTools: boolean;
  readonly #hasSystemRole: boolean;
  /** The value of `tools` without tools: some templates accept only one of these. */
  readonly #noTools: null | readonly [];
  readonly #fence: PromptFence;
  /** Marks the end of the last message, where the prompt is cut if that message is continued. */
  readonly #end = `\uE004${randomBytes(8).toString("hex")}\uE005`;

  /** @throws Error, with the line, when the template cannot be parsed */
  constructor(options: ChatTemplateOptions) {
    this.#options = options;
    this.source = options.source;
    this.#template = parseTemplate(options.source);
    this.#fence = new PromptFence(options.controlTexts);
    this.canSwitchReasoning =
      options.reasoningInstruction !== null || REASONING_VARIABLES.test(options.source);
    this.#noTools = this.#rendersTo("question", QUESTION, { tools: null }) ? null : [];
    const callForm = findCallForm(options.source, (messages) => this.#run(messages, {}));
    const format = callForm ? findToolFormat(options.source) : GENERIC;
    this.#describesTools = callForm !== null && format !== GENERIC && this.#showsTools();
    this.toolFormat = this.#describesTools || format.example ? format : GENERIC;
    this.#callForm = this.toolFormat === GENERIC ? null : callForm;
    this.#hasSystemRole = this.#takesSystemMessages();
  }

  /** @throws ServiceError `template_error` with the template's own message when it rejects the messages */
  render(prompt: MessagesPrompt): readonly PromptSegment[] {
    const { tools } = prompt;
    if (!tools || !this.#describesTools) return this.#rendered(prompt, false);
    try {
      return this.#rendered(prompt, true);
    } catch (error) {
      if (!this.toolFormat.example) throw error;
    }
    return this.#rendered(prompt, false); // the template may fail on a definition that the instructions can still express
  }

  /** @param byTemplate whether the template describes the tools; otherwise a system message does */
  #rendered(prompt: MessagesPrompt, byTemplate: boolean): readonly PromptSegment[] {
    const tools = byTemplate ? prompt.tools?.tools.map(({ definition }) => definition) : null;
    const rendered = this.#tryRun(
      this.#fence.fence(this.#messagesOf(prompt, byTemplate)) as readonly TemplateMessage[], // fencing keeps the shape
      {
        ...reasoningVariables(prompt.reasoning),
        ...(this.#fence.fence(prompt.variables) as Variables), // fencing keeps the shape
        tools: this.#fence.fence(tools ?? this.#noTools),
        add_generation_prompt: !prompt.continuesLast,
      },
    );
    return this.#fence.segments(prompt.continuesLast ? this.#upToEnd(rendered) : rendered);
  }

  #messagesOf(prompt: MessagesPrompt, byTemplate: boolean): readonly TemplateMessage[] {
    const { messages, tools, continuesLast } = prompt;
    const form = this.#callForm;
    const written = form ? templateMessages(messages, form) : plainMessages(messages);
    const { example } = this.toolFormat;
    const hasSystemRole = this.#hasSystemRole;
    const instructed =
      tools && !byTemplate && example
        ? withInstructions(written, { tools, example, hasSystemRole })
        : written;
    const last = instructed.at(-1);
    const ended =
      continuesLast && last
        ? [...instructed.slice(0, -1), { ...last, content: `${last.content ?? ""}${this.#end}` }]
        : instructed;
    return this.#withInstruction(ended, prompt);
  }

  #withInstruction(
    messages: readonly TemplateMessage[],
    { reasoning, variables }: MessagesPrompt,
  ): readonly TemplateMessage[] {
    const instruction = this.#options.reasoningInstruction;
    const isEnabled = (reasoning.effort ?? "none") !== "none" || variables.enable_thinking === true;
    if (instruction === null || !isEnabled) return messages;
    const [first, ...rest] = messages;
    if (first?.role !== "system") return [{ role: "system", content: instruction }, ...messages];
    return [{ ...first, content: `${first.content}\n${instruction}` }, ...rest];
  }

  #tryRun(messages: readonly TemplateMessage[], variables: Variables): string {
    try {
      return this.#run(messages, variables);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const what =
        error instanceof TemplateRaised ? "rejects these messages" : "cannot be evaluated";
      throw templateError(
        `the model's chat template ${what}: ${this.#fence.without(reason).replaceAll(this.#end, "")}`,
        error,
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

  /** Whether the template writes tool definitions into the prompt. */
  #showsTools(): boolean {
    const parameters = { type: "object", properties: {} };
    const needle = { name: "needle_tool", description: "", parameters };
    const definition = { type: "function", function: needle };
    return this.#rendersTo("needle_tool", QUESTION, { tools: [definition] });
  }

  #takesSystemMessages(): boolean {
    const messages = [{ role: "system", content: "needle_system" }, ...QUESTION];
    return this.#rendersTo("needle_system", messages, {});
  }

  #rendersTo(needle: string, messages: readonly TemplateMessage[], variables: Variables): boolean {
    try {
      return this.#run(messages, variables).includes(needle);
    } catch {
      return false; // the template rejects this input
    }
  }

  #upToEnd(rendered: string): string {
    const at = rendered.indexOf(this.#end);
    if (at >= 0) return rendered.slice(0, at);
    throw templateError(
      "this model's chat template does not support continuing an assistant message",
    );
  }
}

function reasoningVariables({ effort }: ReasoningOptions): Variables {
  if (effort === null) return {};
  if (effort === "none") return { enable_thinking: false, thinking: false };
  return { enable_thinking: true, thinking: true, reasoning_effort: effort };
}
