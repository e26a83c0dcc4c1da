// Sends one chat request on its own connection over node:http. The fetch of Node 20 loses an abort if the server has sent
// everything before the reader has read it, and then waits forever.

import { type ClientRequest, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

export type SentMessage = { readonly role: string; readonly content: string };
export type ChatTool = { readonly type: "function"; readonly function: object };

export type ChatOptions = {
  readonly url: string;
  readonly model: string;
  /** Null (the default) for a server that requires none. */
  readonly apiKey?: string | null;
  readonly messages: readonly SentMessage[];
  readonly tools?: readonly ChatTool[];
  /** The answer is JSON of this schema. */
  readonly jsonSchema?: object;
  /** Number of tokens to generate; with tools or a schema, the maximum. */
  readonly tokens: number;
  readonly isStreamed: boolean;
};

/** Sends the request. The response or an `error` arrives as an event. */
export function sendChat(options: ChatOptions): ClientRequest {
  const url = new URL(`${options.url}/v1/chat/completions`);
  const body = JSON.stringify(chatBody(options));
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  const request = send(url, {
    method: "POST",
    agent: false, // one connection per request, without a limit
    headers: {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      authorization: `Bearer ${options.apiKey ?? "none"}`,
    },
  });
  request.setNoDelay(true);
  request.end(body);
  return request;
}

/** Greedy sampling; the model cannot end the answer early, unless it may call tools or a schema holds. */
export function chatBody(options: ChatOptions): object {
  const { model, messages, tools, jsonSchema, tokens, isStreamed } = options;
  return {
    model,
    messages,
    max_tokens: tokens,
    ...(tools ? { tools } : {}),
    ...(jsonSchema ? { response_format: formatOf(jsonSchema) } : {}),
    ...(tools || jsonSchema ? {} : { ignore_eos: true }),
    temperature: 0,
    ...(isStreamed ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
}

function formatOf(schema: object): object {
  return { type: "json_schema", json_schema: { name: "answer", schema } };
}
