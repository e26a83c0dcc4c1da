// Bodies of GET /slots and GET /props.

import { expect, test } from "vitest";
import { defaultSettings } from "../../../../src/api/llama-cpp/infill.ts";
import { encodeProps, encodeSlots } from "../../../../src/api/llama-cpp/state.ts";
import {
  ANY_CALLS,
  ANY_MESSAGES,
  type TemplateTraits,
} from "../../../../src/generation/template-traits.ts";
import { FAKE_MODEL } from "../../../support/engines/fake-engine.ts";

const SETTINGS = defaultSettings({ defaultMaxTokens: null, allowsGrammar: false });

const USE = {
  requestId: "r",
  model: "m",
  promptTokens: 5,
  generatedTokens: 3,
  maxTokens: 10,
  heldMs: 12.6,
};

test("a free slot only shows that it is free", () => {
  expect(encodeSlots([null], 256)).toEqual([
    { id: 0, n_ctx: 256, n_reserved: 0, speculative: false, is_processing: false },
  ]);
});

test("a busy slot shows its request and its progress", () => {
  const [, busy] = encodeSlots([null, USE], 256);

  expect(busy).toEqual({
    id: 1,
    n_ctx: 256,
    n_reserved: 15,
    speculative: false,
    is_processing: true,
    request_id: "r",
    model: "m",
    n_past: 8,
    n_prompt_tokens: 5,
    next_token: { n_decoded: 3, n_remain: 7 },
    held_ms: 13,
  });
});

test("a slot of another key only shows that it is busy", () => {
  expect(encodeSlots(["busy"], 256)).toEqual([
    { id: 0, n_ctx: 256, n_reserved: null, speculative: false, is_processing: true },
  ]);
});

test("the progress of a prompt is unknown before the first token", () => {
  expect(encodeSlots([{ ...USE, generatedTokens: 0 }], 256)).toMatchObject([
    { n_past: null, n_prompt_tokens: 5, next_token: { n_decoded: 0 } },
  ]);
});

const SERVER = {
  build: "b",
  alias: "a",
  modelFile: "m.gguf",
  slots: 2,
  defaultSettings: SETTINGS,
};

test("a model without a template has null for it", () => {
  const facts = { contextTokens: 256, chatTemplate: null, toolFormat: null, reasoningFormat: null };
  const model = { ...FAKE_MODEL, ...facts, beginningText: null, endText: "</s>" };
  expect(encodeProps({ ...SERVER, model })).toMatchObject({
    default_generation_settings: { n_ctx: 256, params: {} },
    total_slots: 2,
    chat_template: null,
    chat_template_caps: { tool_format: null, supports_tools: false, adaptations: [] },
    bos_token: null,
    eos_token: "</s>",
  });
});

test("tells what the template shows under llama.cpp's names, and how messages are adapted", () => {
  const templateTraits: TemplateTraits = {
    ...ANY_MESSAGES,
    system: "none",
    showsEarlierReasoning: true,
    describesTools: true,
    calls: { ...ANY_CALLS, argumentsAs: "object", emptyContent: "", hasShortIds: false },
  };
  const props = (traits: TemplateTraits) =>
    encodeProps({ ...SERVER, model: { ...FAKE_MODEL, templateTraits: traits } }).chat_template_caps;

  expect(props(templateTraits)).toEqual({
    tool_format: "hermes",
    thought_format: "think",
    supports_string_content: true,
    supports_typed_content: false,
    supports_system_role: false,
    supports_tools: true,
    supports_tool_calls: true,
    supports_parallel_tool_calls: true,
    supports_object_arguments: true,
    supports_preserve_reasoning: true,
    adaptations: ["System messages are put into the first user message."],
  });
  expect(props({ ...templateTraits, calls: null })).toMatchObject({
    supports_tools: true, // they are described in a system message
    supports_parallel_tool_calls: true,
    supports_object_arguments: false,
  });
});
