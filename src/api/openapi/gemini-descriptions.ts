// Descriptions of the fields of Gemini's bodies. See descriptions.ts for the keys.

const CONVERSATION: Readonly<Record<string, string>> = {
  contents: "The conversation so far. If the last content is the model's, generation continues it.",
  "contents[].role": "The author. Default: user.",
  "contents[].parts": "The parts. Contents of the model may have none.",
  "contents[].parts[].text": "A text.",
  "contents[].parts[].thought": "Whether the text is reasoning.",
  "contents[].parts[].functionCall": "A function call that the model made.",
  "contents[].parts[].functionCall.id": "Id of the call; its response refers to it.",
  "contents[].parts[].functionCall.name": "Name of the function.",
  "contents[].parts[].functionCall.args": "The arguments.",
  "contents[].parts[].functionResponse": "The result of a function call.",
  "contents[].parts[].functionResponse.id": "Id of the call. Default: the next call of that name.",
  "contents[].parts[].functionResponse.name": "Name of the function.",
  "contents[].parts[].functionResponse.response":
    "The result. If `output` or `result` is the only field, its value is the result.",
  "contents[].parts[].functionResponse.parts": "Must be empty: models read text only.",
  "contents[].parts[].functionResponse.scheduling": "Ignored: for Gemini's Live API.",
  "contents[].parts[].functionResponse.willContinue":
    "Must be false: a response must be sent whole.",
  systemInstruction: "System prompt, placed before the conversation.",
  "systemInstruction.role": "Ignored.",
  "systemInstruction.parts": "The texts.",
  "systemInstruction.parts[].text": "A text.",
};

const TOOLS: Readonly<Record<string, string>> = {
  "tools[].functionDeclarations": "Functions that the model may call.",
  "tools[].functionDeclarations[].name": "Name: 1 to 128 letters, digits, `_`, `-` and `.`.",
  "tools[].functionDeclarations[].description": "Tells the model what the function does.",
  "tools[].functionDeclarations[].parameters": "OpenAPI schema of the arguments.",
  "tools[].functionDeclarations[].parametersJsonSchema": "JSON schema of the arguments.",
  "tools[].functionDeclarations[].response": "Ignored.",
  "tools[].functionDeclarations[].responseJsonSchema": "Ignored.",
  "tools[].functionDeclarations[].behavior": "Ignored: for Gemini's Live API.",
  toolConfig: "Whether the model calls a function, and which ones it may call.",
  "toolConfig.functionCallingConfig": "The mode, and the functions that may be called.",
  "toolConfig.functionCallingConfig.mode":
    "ANY: the model must call a function. NONE: the prompt lists no functions. VALIDATED is the same as AUTO, because calls always match their schema.",
  "toolConfig.functionCallingConfig.allowedFunctionNames": "The functions that the model may call.",
  "toolConfig.functionCallingConfig.streamFunctionCallArguments":
    "Must be false: calls are sent whole.",
  "toolConfig.retrievalConfig": "Ignored: for Google's own tools.",
  "toolConfig.includeServerSideToolInvocations": "Ignored: for Google's own tools.",
};

const ANSWER: Readonly<Record<string, string>> = {
  generationConfig: "Options for generation.",
  "generationConfig.temperature": "Randomness of sampling; 0 always takes the likeliest token.",
  "generationConfig.topP": "Samples from the likeliest tokens whose probabilities add up to this.",
  "generationConfig.topK": "Samples from this many of the likeliest tokens; 0 switches it off.",
  "generationConfig.candidateCount": "Number of candidates to generate.",
  "generationConfig.maxOutputTokens": "Maximum number of tokens to generate, including reasoning.",
  "generationConfig.stopSequences": "Strings at which generation stops; never returned.",
  "generationConfig.seed": "The same seed gives the same tokens.",
  "generationConfig.presencePenalty": "Penalty on tokens that are already in the answer.",
  "generationConfig.frequencyPenalty": "Penalty on tokens, per occurrence in the answer.",
  "generationConfig.responseMimeType": "Constrains the answer to JSON or to an enum.",
  "generationConfig.responseSchema": "OpenAPI schema of the answer.",
  "generationConfig.responseJsonSchema": "JSON schema of the answer.",
  "generationConfig.responseLogprobs": "Whether to return log probabilities.",
  "generationConfig.logprobs": "Number of alternatives to return for each token.",
  "generationConfig.thinkingConfig": "Reasoning options.",
  "generationConfig.thinkingConfig.includeThoughts": "Whether to return the model's reasoning.",
  "generationConfig.thinkingConfig.thinkingBudget":
    "Maximum number of reasoning tokens; 0 switches reasoning off, -1 means no limit.",
  "generationConfig.thinkingConfig.thinkingLevel": "How much the model reasons.",
  "generationConfig.responseModalities": "Ignored: answers are text.",
  "generationConfig.mediaResolution": "Ignored: media are not supported.",
  "generationConfig.audioTimestamp": "Ignored: audio is not supported.",
  "generationConfig.enableEnhancedCivicAnswers": "Ignored: for Google's own models.",
  "generationConfig.routingConfig": "Ignored: the path names the model.",
  "generationConfig.modelSelectionConfig": "Ignored: the path names the model.",
  serviceTier: "flex runs when no other request waits. The other values are the same.",
  safetySettings: "Ignored: this server does not filter answers.",
  labels: "The client's notes. Ignored.",
};

const ANYWHERE: Readonly<Record<string, string>> = {
  ".thoughtSignature": "Ignored: this server signs nothing.",
  ".partMetadata": "Ignored.",
};

const REQUEST = { ...CONVERSATION, ...TOOLS, ...ANSWER };

function within(parent: string): Record<string, string> {
  const entries = Object.entries(REQUEST);
  return Object.fromEntries(entries.map(([field, text]) => [`${parent}.${field}`, text]));
}

export const GEMINI: Readonly<Record<string, string>> = {
  ...REQUEST,
  ...within("generateContentRequest"),
  ...ANYWHERE,
  generateContentRequest: "A whole request, instead of contents and the other fields.",
  "generateContentRequest.tools": "Functions that the model may call.",
  "generateContentRequest.model": "Ignored: the path names the model.",
  "GeminiContent.model": "Ignored: the path names the model.",
  "GeminiTokenCount.model": "Ignored: the path names the model.",
  "query.alt": "Streams are server-sent events.",
  "query.key": "An API key, for clients that cannot send headers.",
  "query.pageSize": "Maximum number of models; 0 or no value means 50.",
  "query.pageToken": "`nextPageToken` of the previous page.",
};
