// One chat request on a connection of its own, over node:http: the fetch of Node 20 loses an abort when the server has
// sent everything and the reader has not read it yet, and then waits for ever.

import { type ClientRequest, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";

export type ChatOptions = {
  readonly url: string;
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  /** Exactly so many tokens are generated. */
  readonly tokens: number;
  readonly isStreamed: boolean;
};

/** Sends it. The answer, or an `error`, comes as events. */
export function sendChat(options: ChatOptions): ClientRequest {
  const url = new URL(`${options.url}/v1/chat/completions`);
  const body = JSON.stringify(chatBody(options));
  const send = url.protocol === "https:" ? httpsRequest : httpRequest;
  const request = send(url, {
    method: "POST",
    agent: false, // a connection for each, without a limit on how many
    headers: {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      authorization: "Bearer none",
    },
  });
  request.setNoDelay(true);
  request.end(body);
  return request;
}

/** Greedy, and never ended by the model itself. */
export function chatBody({ model, messages, tokens, isStreamed }: ChatOptions): object {
  return {
    model,
    messages,
    max_tokens: tokens,
    ignore_eos: true,
    temperature: 0,
    ...(isStreamed ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
}
