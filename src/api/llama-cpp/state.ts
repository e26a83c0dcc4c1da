// Answers of GET /slots and GET /props in the form of llama.cpp's server. They reveal no prompts, keys or file paths.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md

import type { ModelInfo } from "../../generation/model-info.ts";
import type { ShownSlot, SlotUse } from "../../generation/slot-lease.ts";
import { describeAdaptations } from "../../generation/template-traits.ts";
import type { Props, Settings, SlotList } from "./answers.ts";

export function encodeSlots(slots: readonly ShownSlot[], contextTokens: number): SlotList {
  return slots.map((use, id) => {
    const common = { id, n_ctx: contextTokens, speculative: false } as const;
    if (use === "busy") return { ...common, n_reserved: null, is_processing: true };
    // The most tokens that the request may fill. A slot belongs to one request, so no other can use its space.
    const n_reserved = use ? use.promptTokens + use.maxTokens : 0;
    const slot = { ...common, n_reserved };
    if (!use) return { ...slot, is_processing: false };
    return { ...slot, is_processing: true, ...encodeUse(use) };
  });
}

function encodeUse(use: SlotUse) {
  const { promptTokens, generatedTokens, maxTokens } = use;
  return {
    request_id: use.requestId,
    model: use.model,
    // The progress of the prompt is unknown here before the first token.
    n_past: generatedTokens === 0 ? null : promptTokens + generatedTokens,
    n_prompt_tokens: promptTokens,
    next_token: { n_decoded: generatedTokens, n_remain: maxTokens - generatedTokens },
    held_ms: Math.round(use.heldMs),
  };
}

export type ServerState = {
  readonly build: string;
  readonly alias: string;
  /** The file's name, without its directory. */
  readonly modelFile: string;
  readonly slots: number;
  readonly defaultSettings: Settings;
  readonly model: ModelInfo;
};

export function encodeProps({ model, ...server }: ServerState): Props {
  return {
    default_generation_settings: { n_ctx: model.contextTokens, params: server.defaultSettings },
    total_slots: server.slots,
    model_alias: server.alias,
    model_path: server.modelFile,
    modalities: { vision: false, audio: false },
    chat_template: model.chatTemplate,
    chat_template_caps: encodeTemplate(model),
    bos_token: model.beginningText,
    eos_token: model.endText,
    build_info: server.build,
  };
}

/** llama.cpp's names for what the template shows, and the adaptations for what it does not. */
function encodeTemplate(model: ModelInfo): Props["chat_template_caps"] {
  const { templateTraits: traits } = model;
  const calls = traits?.calls ?? null;
  return {
    tool_format: model.toolFormat,
    thought_format: model.reasoningFormat,
    supports_string_content: traits?.contentAs === "text",
    supports_typed_content: traits !== null && traits.contentAs !== "text",
    supports_system_role: traits !== null && traits.system !== "none",
    // If the template does not describe tools or show calls, instructions and plain text do.
    supports_tools: traits !== null,
    supports_tool_calls: traits !== null,
    supports_parallel_tool_calls: calls?.takesParallel ?? traits !== null,
    supports_object_arguments: calls?.argumentsAs === "object",
    supports_preserve_reasoning: traits?.showsEarlierReasoning ?? false,
    adaptations: traits ? [...describeAdaptations(traits)] : [],
  };
}
