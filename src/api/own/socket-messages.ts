// What is said over a WebSocket: the schemas of what a client sends, and the texts of what it gets.

import { z } from "zod";
import { ServiceError } from "../../errors.ts";

/** A client names its requests, to tell their answers apart. */
const id = z.string().min(1).max(128);
const path = z
  .string()
  .max(2_000)
  .regex(/^\/[\x21-\x7e]*$/, "a path of this server, such as /v1/chat/completions");

const header = z
  .union([
    z.string().regex(/^[\x20-\x7e]{0,200}$/, "up to 200 plain characters"),
    z.number(),
    z.boolean(),
  ])
  .optional();

/** Those of HTTP that change what a request does. */
const headers = z.strictObject({
  "x-request-id": header,
  "x-deadline-ms": header,
  "x-resumable": header,
  "last-event-id": header,
});

const clientMessage = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("auth"), key: z.string().max(1_000) }),
  z.strictObject({
    type: z.literal("request"),
    id,
    path,
    method: z.enum(["GET", "POST", "DELETE"]).default("POST"),
    headers: headers.default({}),
    body: z.unknown().optional(),
  }),
  z.strictObject({
    type: z.literal("resume"),
    id,
    /** As `started` named it. */
    stream: path,
    last_event_id: header.nullable(),
  }),
  z.strictObject({ type: z.literal("cancel"), id }),
  z.strictObject({ type: z.literal("ping") }),
]);

export type ClientMessage = z.output<typeof clientMessage>;

/** @throws ServiceError `invalid_json`, or `invalid_value` naming the field */
export function parseClientMessage(text: string): ClientMessage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ServiceError("invalid_json", "the message is not valid JSON");
  }
  const parsed = clientMessage.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const param = issue?.path.join(".") || "type";
  throw new ServiceError("invalid_value", `${param}: ${issue?.message ?? "is not right"}`, {
    param,
  });
}

/** How a request ended: with its answer, by `cancel`, or because it broke off. */
export type SocketEnd = "done" | "cancelled" | "broken";

/** Texts of what a client gets. What is JSON already is not parsed for it. */
export const socketMessages = {
  authenticated: () => '{"type":"authenticated"}',
  pong: () => '{"type":"pong"}',
  /** Its stream has begun. @param stream where it can be come back to */
  started: (name: string, requestId: string, stream: string | null) =>
    JSON.stringify({ type: "started", id: name, request_id: requestId, stream }),
  /** @param news as in a comment of a stream: `queued position=3 eta_ms=4200` */
  status: (name: string, news: string) =>
    JSON.stringify({ type: "status", id: name, ...statusOf(news) }),
  event: (name: string, { event, id: eventId, data }: SocketEvent) => {
    const head = JSON.stringify({ type: "event", id: name, event, event_id: eventId });
    return `${head.slice(0, -1)},"data":${asJson(data)}}`;
  },
  /** An answer that is no stream, or a refusal. */
  response: (name: string, { status, retryAfter, body }: SocketResponse) => {
    const head = JSON.stringify({ type: "response", id: name, status, retry_after: retryAfter });
    return `${head.slice(0, -1)},"body":${asJson(body)}}`;
  },
  end: (name: string, reason: SocketEnd) => JSON.stringify({ type: "end", id: name, reason }),
  /** Of a message that cannot be understood or followed. @param name of the request that it was about, if that is known */
  error: (error: object, name: string | null) =>
    JSON.stringify({ type: "error", ...(name === null ? {} : { id: name }), ...error }),
} as const;

export type SocketEvent = {
  readonly event?: string | undefined;
  readonly id?: string | undefined;
  readonly data: string;
};

type SocketResponse = {
  readonly status: number;
  /** Seconds. */
  readonly retryAfter: number | undefined;
  readonly body: string;
};

/** `[DONE]`, and pages of text, are no JSON. */
function asJson(text: string): string {
  return /^[[{]/.test(text) && text !== "[DONE]" ? text : JSON.stringify(text);
}

function statusOf(news: string): object {
  const [state = "", ...fields] = news.split(" ");
  const pairs = fields.map((field) => field.split("="));
  return { state, ...Object.fromEntries(pairs.map(([name, value]) => [name, Number(value)])) };
}
