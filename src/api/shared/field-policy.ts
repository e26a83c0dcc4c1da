// Fields of OpenAI, llama.cpp, vLLM and OpenRouter that the schemas here do not have, and what happens to each of them.

import type { FieldPolicy, Unsupported } from "./parse-body.ts";

/** Promises: without them the answer would be another one than the client asked for. */
const UNSUPPORTED_EVERYWHERE: Unsupported = {
  n_probs: [0],
  lora: [],
  response_fields: [],
  return_tokens: [false],
  stop_token_ids: [],
  include_stop_str_in_output: [false],
  bad_words: [],
  use_beam_search: [false],
  guided_json: [],
  guided_regex: [""],
  guided_choice: [],
  guided_grammar: [""],
  structured_outputs: [],
  truncate_prompt_tokens: [],
  allowed_token_ids: [],
  prompt_logprobs: [0],
};

/** Wishes about sampling, speed and where a request runs. */
const WISHES_EVERYWHERE: Unsupported = {
  typical_p: [1],
  top_n_sigma: [-1],
  xtc_probability: [0],
  xtc_threshold: [],
  dry_multiplier: [0],
  dynatemp_range: [0],
  mirostat: [0],
  samplers: [],
  length_penalty: [1],
  n_keep: [0],
  n_discard: [],
  id_slot: [-1],
  t_max_predict_ms: [0],
  post_sampling_probs: [false],
  prediction: [],
  service_tier: ["auto", "default", "flex"],
};

/** Fields that neither chat completions nor responses support. */
export const UNSUPPORTED_IN_CHAT: Unsupported = {
  functions: [],
  function_call: ["none", "auto"],
  modalities: [["text"]],
  audio: [],
  moderation: [],
  chat_template: [],
  format: [],
  echo: [false],
  suffix: [""],
  best_of: [1],
};

export const WISHES_IN_CHAT: Unsupported = {
  verbosity: ["medium"],
  web_search_options: [],
};

/** The policy that the dialects with OpenAI's fields share, with the fields of one of them. */
export function policyWith(own: Partial<FieldPolicy>): FieldPolicy {
  return {
    ...own,
    unsupported: { ...UNSUPPORTED_EVERYWHERE, ...own.unsupported },
    wishes: { ...WISHES_EVERYWHERE, ...own.wishes },
    sameAs: { repetition_penalty: "repeat_penalty", ...own.sameAs },
  };
}
