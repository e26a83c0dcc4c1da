// One sentence for each field of Gemini's bodies, as in descriptions.ts.

const CONVERSATION: Readonly<Record<string, string>> = {
  contents: "The conversation so far; a last content of the model is gone on with.",
  "contents[].role": "Whose it is; without it, the user's.",
  "contents[].parts": "What was said; of the model it may be nothing.",
  "contents[].parts[].text": "A text.",
  "contents[].parts[].thought": "Whether the text is a thought.",
  "contents[].parts[].functionCall": "A call that the model made.",
  "contents[].parts[].functionCall.id": "Its id, which its response names.",
  "contents[].parts[].functionCall.name": "Name of the function.",
  "contents[].parts[].functionCall.args": "The arguments.",
  "contents[].parts[].functionResponse": "What a function gave.",
  "contents[].parts[].functionResponse.id":
    "Of the call; without it the response goes to the next call of that name.",
  "contents[].parts[].functionResponse.name": "Name of the function.",
  "contents[].parts[].functionResponse.response":
    "The result; `output` or `result` alone stand for what is in them.",
  "contents[].parts[].functionResponse.parts": "Has to be empty: models read text only.",
  "contents[].parts[].functionResponse.scheduling": "Of Gemini's Live API.",
  "contents[].parts[].functionResponse.willContinue": "A response is whole.",
  systemInstruction: "What stands before the conversation.",
  "systemInstruction.role": "Not looked at.",
  "systemInstruction.parts": "Its texts.",
  "systemInstruction.parts[].text": "A text.",
};

const TOOLS: Readonly<Record<string, string>> = {
  "tools[].functionDeclarations": "Functions that the model may call.",
  "tools[].functionDeclarations[].name": "Its name: 1 to 128 letters, digits, `_`, `-` and `.`.",
  "tools[].functionDeclarations[].description": "What it does, for the model.",
  "tools[].functionDeclarations[].parameters": "OpenAPI schema of its arguments.",
  "tools[].functionDeclarations[].parametersJsonSchema": "JSON schema of its arguments.",
  "tools[].functionDeclarations[].response": "Not looked at.",
  "tools[].functionDeclarations[].responseJsonSchema": "Not looked at.",
  "tools[].functionDeclarations[].behavior": "Of Gemini's Live API.",
  toolConfig: "Whether a function is called, and which.",
  "toolConfig.functionCallingConfig": "The same.",
  "toolConfig.functionCallingConfig.mode":
    "ANY: one has to be called. NONE: the model is not told of them. VALIDATED is AUTO: calls are always of their schema.",
  "toolConfig.functionCallingConfig.allowedFunctionNames": "The functions that may be called.",
  "toolConfig.functionCallingConfig.streamFunctionCallArguments": "Calls come whole.",
  "toolConfig.retrievalConfig": "Of Google's own tools.",
  "toolConfig.includeServerSideToolInvocations": "Of Google's own tools.",
};

const ANSWER: Readonly<Record<string, string>> = {
  generationConfig: "How the answer is generated.",
  "generationConfig.temperature": "How freely tokens are drawn; 0 takes the likeliest.",
  "generationConfig.topP": "Draws from the likeliest tokens that together have this probability.",
  "generationConfig.topK": "Draws from so many of the likeliest tokens; 0 is off.",
  "generationConfig.candidateCount": "Candidates that are generated.",
  "generationConfig.maxOutputTokens": "Tokens that are generated at most, thoughts among them.",
  "generationConfig.stopSequences": "Texts that end the answer; they are not part of it.",
  "generationConfig.seed": "The same seed draws the same tokens.",
  "generationConfig.presencePenalty": "Against tokens that the answer has already.",
  "generationConfig.frequencyPenalty": "Against tokens, by how often the answer has them already.",
  "generationConfig.responseMimeType":
    "Holds the answer to JSON, or to one of the words of an enum, while it is generated.",
  "generationConfig.responseSchema": "OpenAPI schema of the answer.",
  "generationConfig.responseJsonSchema": "JSON schema of the answer.",
  "generationConfig.responseLogprobs": "Whether the answer has log probabilities.",
  "generationConfig.logprobs": "Alternatives of every token that are scored as well.",
  "generationConfig.thinkingConfig": "How the model thinks.",
  "generationConfig.thinkingConfig.includeThoughts": "Whether the answer has the thoughts.",
  "generationConfig.thinkingConfig.thinkingBudget":
    "Tokens after which thoughts are ended; 0 switches them off, -1 is no limit.",
  "generationConfig.thinkingConfig.thinkingLevel": "How much the model thinks.",
  "generationConfig.responseModalities": "Answers are text.",
  "generationConfig.mediaResolution": "There is no media.",
  "generationConfig.audioTimestamp": "There is no audio.",
  "generationConfig.enableEnhancedCivicAnswers": "Of Google's own models.",
  "generationConfig.routingConfig": "The path names the model.",
  "generationConfig.modelSelectionConfig": "The path names the model.",
  serviceTier: "flex runs when nobody else waits; the others are one.",
  safetySettings: "Nothing is filtered here.",
  labels: "Notes of the client; not looked at.",
};

const ANYWHERE: Readonly<Record<string, string>> = {
  ".thoughtSignature": "Nothing is signed here.",
  ".partMetadata": "Not looked at.",
};

const REQUEST = { ...CONVERSATION, ...TOOLS, ...ANSWER };

function within(holder: string): Record<string, string> {
  const entries = Object.entries(REQUEST);
  return Object.fromEntries(entries.map(([field, words]) => [`${holder}.${field}`, words]));
}

export const GEMINI: Readonly<Record<string, string>> = {
  ...REQUEST,
  ...within("generateContentRequest"),
  ...ANYWHERE,
  generateContentRequest: "A whole request, in place of contents and what belongs to them.",
  "generateContentRequest.tools": "Functions that the model may call.",
  "generateContentRequest.model": "The path says it; not looked at.",
  "GeminiContent.model": "The path says it; not looked at.",
  "GeminiTokenCount.model": "The path says it; not looked at.",
  "query.alt": "Streams are server-sent events.",
  "query.key": "An API key, for those who cannot send headers.",
  "query.pageSize": "Models at most; 50 without it, and with 0.",
  "query.pageToken": "`nextPageToken` of the page before.",
};
