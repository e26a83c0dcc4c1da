// One sentence for each field of Ollama's bodies, where its name means something else than elsewhere: see descriptions.ts.

const OPTIONS: Readonly<Record<string, string>> = {
  options: "How tokens are chosen, and what Ollama would load the model with.",
  "options.temperature": "How free the choice of tokens is; 0 takes the likeliest.",
  "options.top_k": "So many likeliest tokens are left to choose from; 0 is off.",
  "options.top_p": "The likeliest tokens that have this share together are left to choose from.",
  "options.min_p": "Tokens less likely than this share of the likeliest are left out.",
  "options.repeat_penalty": "Makes tokens that are there already less likely; 1 is off.",
  "options.presence_penalty": "Makes tokens that are there already less likely.",
  "options.frequency_penalty": "Makes tokens less likely the more often they are there.",
  "options.seed": "The same seed gives the same answer; -1 is random.",
  "options.num_predict": "Tokens that are generated at most; 0, -1 and -2 are no limit.",
  "options.stop": "Texts that end the answer; they are not part of it.",
  "options.num_ctx": "Refused if it is more context than a request has here; else nothing is cut.",
  "options.num_keep": "Nothing is thrown out of a full context.",
  "options.mirostat_tau": "Of mirostat, which is off.",
  "options.mirostat_eta": "Of mirostat, which is off.",
};

const LOADING = ["num_batch", "num_gpu", "main_gpu", "num_thread", "numa", "low_vram", "f16_kv"]
  .concat(["use_mmap", "use_mlock", "logits_all"])
  .map((name) => [`options.${name}`, "The model is loaded as the server was started."] as const);

export const OLLAMA: Readonly<Record<string, string>> = {
  ...OPTIONS,
  ...Object.fromEntries(LOADING),
  format: "Holds the answer to JSON, or to a JSON schema, while it is generated.",
  think: "Whether the model thinks before it answers, and how much.",
  keep_alive: "The model stays loaded.",
  raw: "The prompt goes to the model as it is, control tokens included.",
  "OllamaGeneration.prompt": "The question; with raw or suffix, the text before the answer.",
  "OllamaGeneration.system": "What the system says before the question.",
  "OllamaChat.messages":
    "The conversation so far; a last message of the assistant is gone on with. Without any the answer is that the model is loaded.",
  "OllamaChat.truncate":
    "Whether the oldest turns are left out of a conversation that does not fit.",
  "messages[].thinking": "What the assistant thought before it answered.",
  "messages[].tool_name": "Of the role tool: the function's name.",
  "messages[].tool_calls[].type": "Always a function.",
  "messages[].tool_calls[].function.index": "Not looked at.",
  "OllamaChat.messages[].tool_calls[].function.arguments": "The arguments: an object.",
  "OllamaEmbedding.input": "A text, or several.",
  "OllamaEmbedding.truncate": "Whether an input that is too long is cut, instead of refused.",
  "OllamaEmbedding.dimensions": "First numbers of each vector, scaled to length 1.",
  "OllamaEmbedding.options": "Not looked at, but for num_ctx.",
  "OlderOllamaEmbedding.prompt": "The text.",
  "OlderOllamaEmbedding.options": "Not looked at, but for num_ctx.",
  "OllamaPull.stream": "There is one answer either way.",
  "OllamaPull.insecure": "Nothing is fetched.",
  "OllamaShow.verbose": "There is no more to show.",
  name: "Older name of model.",
};
