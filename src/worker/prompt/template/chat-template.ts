// Renders messages to prompt text with the model's own Jinja template (the GGUF's `tokenizer.chat_template`), including tools,
// reasoning options and the start of an answer to continue.

import type { Json, Message, Prompt, ReasoningOptions } from "../../../generation/request.ts";
import type { TemplateTraits } from "../../../generation/template-traits.ts";
import type { ToolFormat } from "../../output/tool-format.ts";
import { findToolFormat, GENERIC } from "../../output/tool-formats.ts";
import { adaptMessages, cautiousTraits } from "./adapt-messages.ts";
import { parseTemplate, type Template, TemplateRaised } from "./jinja/template.ts";
import { PromptFence, type PromptSegment, randomDigits } from "./prompt-fence.ts";
import { type TemplateMessage, templateError, templateMessages } from "./template-messages.ts";
import {
  findCallForm,
  findContentForm,
  probeTemplate,
  type RenderMessages,
} from "./template-probe.ts";
import { plainMessages, withInstruction, withToolInstructions } from "./tool-instructions.ts";

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

/** Facts about the template that sample conversations have shown, as plain data. */
export type TemplateFindings = {
  /** How the template treats each kind of conversation. */
  readonly traits: TemplateTraits;
  /** The value of `tools` without tools: some templates accept only one of these. */
  readonly noTools: null | readonly [];
  /** False for a template that is not for chats, such as a reranker's, or that rejects even the simplest one. */
  readonly showsMessages: boolean;
};

type Variables = { readonly [name: string]: Json };

/** Template variables that enable or limit reasoning. */
const REASONING_VARIABLES = /\b(enable_thinking|reasoning_effort|thinking)\b/;

const SAMPLE_TOOL = {
  type: "function",
  function: {
    name: "needle_tool",
    description: "",
    parameters: { type: "object", properties: {} },
  },
};

export class ChatTemplate {
  readonly source: string;
  readonly toolFormat: ToolFormat;
  readonly canSwitchReasoning: boolean;
  readonly #template: Template;
  readonly options: ChatTemplateOptions;
  readonly findings: TemplateFindings;
  readonly #fence: PromptFence;
  /** Marks the end of the last message, where the prompt is cut if that message is continued. */
  readonly #end = `\uE004${randomDigits()}\uE005`;

  /**
   * @param findings those of the same template in another thread
   * @throws Error, with the line, when the template cannot be parsed
   */
  constructor(options: ChatTemplateOptions, findings?: TemplateFindings) {
    this.options = options;
    this.source = options.source;
    this.#template = parseTemplate(options.source);
    this.#fence = new PromptFence(options.controlTexts);
    this.canSwitchReasoning =
      options.reasoningInstruction !== null || REASONING_VARIABLES.test(options.source);
    this.findings = findings ?? this.#find();
    this.toolFormat = this.traits.calls ? findToolFormat(options.source) : GENERIC;
  }

  get traits(): TemplateTraits {
    return this.findings.traits;
  }

  /** Renders samples, which takes up to half a second. */
  #find(): TemplateFindings {
    const renderWith = (tools: null | readonly []) => (messages: readonly TemplateMessage[]) =>
      this.#run(messages, { tools });
    const withNull = findContentForm(renderWith(null));
    const noTools: null | readonly [] = withNull ? null : [];
    const render: RenderMessages = renderWith(noTools);
    const found = withNull ?? findContentForm(render);
    const contentAs = found ?? "text";
    const callForm = findCallForm(render, contentAs);
    const format = callForm ? findToolFormat(this.source) : GENERIC;
    const describesTools =
      callForm !== null && format !== GENERIC && findContentForm(this.#withTool) !== null;
    const isUsed = format !== GENERIC && (describesTools || format.example !== undefined);
    const traits = probeTemplate({
      contentAs,
      callForm: isUsed ? callForm : null,
      render,
      renderWithTool: describesTools ? this.#withTool : null,
    });
    return { traits, noTools, showsMessages: found !== null };
  }

  /** @throws ServiceError `template_error` with the template's own message when it rejects the messages */
  render(prompt: MessagesPrompt): readonly PromptSegment[] {
    const { tools } = prompt;
    if (!tools || !this.traits.describesTools) return this.#rendered(prompt, false);
    try {
      return this.#rendered(prompt, true);
    } catch (error) {
      if (!this.toolFormat.example) throw error;
    }
    return this.#rendered(prompt, false); // the template may fail on a definition that the instructions can still express
  }

  /** @param byTemplate whether the template describes the tools; otherwise a system message does */
  #rendered(prompt: MessagesPrompt, byTemplate: boolean): readonly PromptSegment[] {
    const tools = byTemplate ? (prompt.tools?.tools ?? []) : [];
    const definitions = tools.map(({ definition }) => definition);
    const variables = {
      ...reasoningVariables(prompt.reasoning),
      ...(this.#fence.fence(prompt.variables) as Variables), // fencing keeps the shape
      tools: byTemplate ? this.#fence.fence(definitions) : this.findings.noTools,
      add_generation_prompt: !prompt.continuesLast,
    };
    const render = (traits: TemplateTraits) =>
      this.#tryRun(this.#messagesOf(prompt, traits, byTemplate), variables);
    const names = tools.map(({ name }) => name);
    const rendered = this.#firstThatShows(names, render);
    const segments = this.#fence.segments(
      prompt.continuesLast ? this.#upToEnd(rendered) : rendered,
    );
    if (!this.findings.showsMessages) requireContent(prompt.messages, segments);
    return segments;
  }

  /** Renders messages as the template shows them best. If it rejects them or hides a tool, tries forms that ask less of it. */
  #firstThatShows(toolNames: readonly string[], render: (traits: TemplateTraits) => string) {
    const incomplete: string[] = [];
    const errors: unknown[] = [];
    for (const traits of [this.traits, ...cautiousTraits(this.traits)]) {
      try {
        const text = render(traits);
        if (toolNames.every((name) => text.includes(name))) return text;
        incomplete.push(text);
      } catch (error) {
        errors.push(error);
      }
    }
    const [text] = incomplete;
    if (text === undefined) throw errors[0];
    return text;
  }

  #messagesOf(
    prompt: MessagesPrompt,
    traits: TemplateTraits,
    byTemplate: boolean,
  ): readonly TemplateMessage[] {
    const { messages, tools, continuesLast } = prompt;
    const { example } = this.toolFormat;
    let written = traits.calls ? messages : plainMessages(messages);
    const hasSystemRole = traits.system !== "none";
    if (tools && !byTemplate && example)
      written = withToolInstructions(written, { tools, example, hasSystemRole });
    const instruction = this.#reasoningInstruction(prompt);
    if (instruction !== null) written = withInstruction(written, instruction);
    if (continuesLast) written = this.#withEnd(written);
    const takesAssistantLast = traits.takesAssistantLast || continuesLast;
    const adapted = adaptMessages(written, { ...traits, takesAssistantLast });
    return this.#fence.fence(templateMessages(adapted, traits)) as readonly TemplateMessage[]; // fencing keeps the shape
  }

  #withEnd(messages: readonly Message[]): readonly Message[] {
    const last = messages.at(-1);
    return last ? [...messages.slice(0, -1), { ...last, content: last.content + this.#end }] : [];
  }

  #reasoningInstruction({ reasoning, variables }: MessagesPrompt): string | null {
    const isEnabled = (reasoning.effort ?? "none") !== "none" || variables.enable_thinking === true;
    return isEnabled ? this.options.reasoningInstruction : null;
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
    const { bosText, eosText } = this.options;
    return this.#template.render({
      add_generation_prompt: true,
      ...variables,
      bos_token: bosText ?? "",
      eos_token: eosText ?? "",
      messages,
    });
  }

  /** Renders messages with a tool. @throws Error also if the prompt does not show the tool */
  readonly #withTool: RenderMessages = (messages) => {
    const text = this.#run(messages, { tools: [SAMPLE_TOOL] });
    if (!text.includes(SAMPLE_TOOL.function.name)) throw new Error("the template hides the tool");
    return text;
  };

  #upToEnd(rendered: string): string {
    const at = rendered.indexOf(this.#end);
    if (at >= 0) return rendered.slice(0, at);
    throw templateError(
      "this model's chat template does not support continuing an assistant message",
    );
  }
}

/** @throws ServiceError `template_error` if the prompt has no message in it */
function requireContent(messages: readonly Message[], segments: readonly PromptSegment[]): void {
  const text = segments.map((segment) => segment.text).join("");
  const contents = messages.map(({ content }) => content.trim()).filter(Boolean);
  if (contents.length === 0 || contents.some((content) => text.includes(content))) return;
  throw templateError("this model's chat template does not show messages, so it cannot chat");
}

function reasoningVariables({ effort }: ReasoningOptions): Variables {
  if (effort === null) return {};
  if (effort === "none") return { enable_thinking: false, thinking: false };
  return { enable_thinking: true, thinking: true, reasoning_effort: effort };
}
