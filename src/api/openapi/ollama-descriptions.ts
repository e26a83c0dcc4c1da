// Descriptions of the fields of Ollama's bodies that other APIs do not have or that mean something else there. See
// descriptions.ts for the keys.

import { loadOptions } from "../ollama/options.ts";

const OPTIONS: Readonly<Record<string, string>> = {
  options: "Sampling options, and Ollama's options for loading the model.",
  "options.temperature": "Randomness of sampling; 0 always takes the likeliest token.",
  "options.top_k": "Samples from this many of the likeliest tokens; 0 switches it off.",
  "options.top_p": "Samples from the likeliest tokens whose probabilities add up to this.",
  "options.min_p": "Drops tokens whose probability is below this share of the likeliest token's.",
  "options.repeat_penalty": "Divides the logits of tokens in the answer; 1 switches it off.",
  "options.presence_penalty": "Penalty on tokens that are already in the answer.",
  "options.frequency_penalty": "Penalty on tokens, per occurrence in the answer.",
  "options.seed": "The same seed gives the same answer; -1 picks a random seed.",
  "options.num_predict": "Maximum number of tokens to generate; 0, -1 and -2 mean no limit.",
  "options.stop": "Strings at which generation stops. The answer does not include them.",
  "options.num_ctx": "Refused if larger than the server's context size, else ignored.",
  "options.num_keep": "Ignored: a full context ends the answer.",
  "options.mirostat_tau": "Ignored: mirostat is off.",
  "options.mirostat_eta": "Ignored: mirostat is off.",
};

const LOAD_OPTIONS = Object.keys(loadOptions).map((name) => [
  `options.${name}`,
  "Ignored: the server's own settings decide.",
]);

export const OLLAMA: Readonly<Record<string, string>> = {
  ...OPTIONS,
  ...Object.fromEntries(LOAD_OPTIONS),
  format: "Constrains the answer to JSON or to a JSON schema.",
  think: "Whether the model reasons before it answers, and how much.",
  keep_alive: "Ignored: the model stays loaded.",
  raw: "Whether to send the prompt to the model without a chat template, control tokens included.",
  "OllamaGeneration.prompt": "The question. With raw or suffix: the text before the answer.",
  "OllamaGeneration.system": "System message, placed before the question.",
  "OllamaChat.messages":
    "The conversation so far. If the last message is the assistant's, generation continues it. Without messages, the answer says that the model is loaded.",
  "OllamaChat.truncate": "Whether to leave out the oldest turns if the conversation is too long.",
  "messages[].thinking": "The assistant's reasoning before this message.",
  "messages[].tool_name": "For role tool: the function's name.",
  "messages[].tool_calls[].type": "Always function.",
  "messages[].tool_calls[].function.index": "Ignored.",
  "OllamaChat.messages[].tool_calls[].function.arguments": "The arguments, as an object.",
  "OllamaEmbedding.input": "A text, or a list of texts.",
  "OllamaEmbedding.truncate": "Whether to cut an input that is too long, instead of refusing it.",
  "OllamaEmbedding.dimensions": "Length of the vectors: their first numbers, scaled to length 1.",
  "OllamaEmbedding.options": "Ignored.",
  "OlderOllamaEmbedding.prompt": "The text.",
  "OlderOllamaEmbedding.options": "Ignored.",
  "OllamaPull.stream": "Ignored: there is always one answer.",
  "OllamaPull.insecure": "Ignored: nothing is downloaded.",
  "OllamaShow.verbose": "Ignored: there is nothing more to show.",
  name: "Older name of model.",
};
