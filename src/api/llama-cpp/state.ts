// GET /slots and GET /props, as llama.cpp's server has them, as far as they are true here. No prompts, no keys, no paths.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md

import type { Props, Settings, SlotList } from "./answers.ts";

/** What one slot is busy with. */
export type SlotUse = {
  readonly requestId: string;
  readonly model: string | null;
  readonly promptTokens: number;
  readonly generatedTokens: number;
  /** Tokens that it generates at most. */
  readonly maxTokens: number;
  readonly heldMs: number;
};

/** Null for a slot that is free; `busy` for one that works for another key, of which no more is shown. */
export type ShownSlot = SlotUse | "busy" | null;

export function encodeSlots(slots: readonly ShownSlot[], contextTokens: number): SlotList {
  return slots.map((use, id) => {
    const common = { id, n_ctx: contextTokens, speculative: false } as const;
    if (use === "busy") return { ...common, n_reserved: null, is_processing: true };
    // What its request may fill at most. A slot is one request's own: no other can overflow into it.
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
    // How far a prompt has been read is not told before its first token is there.
    n_past: generatedTokens === 0 ? null : promptTokens + generatedTokens,
    n_prompt_tokens: promptTokens,
    next_token: { n_decoded: generatedTokens, n_remain: maxTokens - generatedTokens },
    held_ms: Math.round(use.heldMs),
  };
}

export type ServerState = {
  readonly build: string;
  readonly alias: string;
  /** Its name alone. */
  readonly modelFile: string;
  readonly slots: number;
  readonly defaultSettings: Settings;
  readonly model: {
    readonly contextTokens: number;
    readonly chatTemplate: string | null;
    readonly toolFormat: string | null;
    readonly reasoningFormat: string | null;
    readonly beginningText: string | null;
    readonly endText: string | null;
  };
};

export function encodeProps({ model, ...server }: ServerState): Props {
  return {
    default_generation_settings: { n_ctx: model.contextTokens, params: server.defaultSettings },
    total_slots: server.slots,
    model_alias: server.alias,
    model_path: server.modelFile,
    modalities: { vision: false, audio: false },
    chat_template: model.chatTemplate,
    chat_template_caps: { tool_format: model.toolFormat, thought_format: model.reasoningFormat },
    bos_token: model.beginningText,
    eos_token: model.endText,
    build_info: server.build,
  };
}
