// WebSocket messages: schemas of the client's messages, and serializers of the server's. The socket session calls them.

import { z } from "zod";
import { ServiceError } from "../../errors.ts";
import type { WaitingStatus } from "../../generation/wait-status.ts";
import type { Frame } from "../dialect.ts";

/** Chosen by the client for each request; the messages of its answer repeat it. */
const id = z.string().min(1).max(128);
const path = z
  .string()
  .max(2_000)
  .regex(/^\/[\x21-\x7e]*$/, "must be a path of this server, such as /v1/chat/completions");

const header = z
  .union([
    z
      .string()
      .regex(/^[\x20-\x7e]{0,200}$/, "must have at most 200 characters, all printable ASCII"),
    z.number(),
    z.boolean(),
  ])
  .optional();

/** The HTTP headers that a request may set. */
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
    /** The path from the `started` message. */
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
  throw new ServiceError("invalid_value", `${param}: ${issue?.message ?? "is invalid"}`, { param });
}

/** How a request ended: with a complete answer, by `cancel`, or because its answer was interrupted. */
export type SocketEnd = "done" | "cancelled" | "broken";

/** Serializers of the server's messages. Data that is already JSON is inserted without parsing it. */
export const socketMessages = {
  authenticated: () => '{"type":"authenticated"}',
  pong: () => '{"type":"pong"}',
  /** A stream has begun. @param stream path at which a client can resume it; null if it cannot */
  started: (name: string, requestId: string, stream: string | null) =>
    JSON.stringify({ type: "started", id: name, request_id: requestId, stream }),
  status: (name: string, status: WaitingStatus) =>
    JSON.stringify({ type: "status", id: name, ...statusFields(status) }),
  event: (name: string, { event, id: eventId, data }: Frame) => {
    const head = JSON.stringify({ type: "event", id: name, event, event_id: eventId });
    return `${head.slice(0, -1)},"data":${asJson(data)}}`;
  },
  /** A buffered answer, or a refusal. */
  response: (name: string, { status, retryAfter, body }: SocketResponse) => {
    const head = JSON.stringify({ type: "response", id: name, status, retry_after: retryAfter });
    return `${head.slice(0, -1)},"body":${asJson(body)}}`;
  },
  end: (name: string, reason: SocketEnd) => JSON.stringify({ type: "end", id: name, reason }),
  /** Answers a message that is invalid or cannot be carried out. @param name id of its request; null if unknown */
  error: (error: object, name: string | null) =>
    JSON.stringify({ type: "error", ...(name === null ? {} : { id: name }), ...error }),
} as const;

type SocketResponse = {
  readonly status: number;
  /** In seconds; undefined if the client need not wait. */
  readonly retryAfter: number | undefined;
  readonly body: string;
};

/** `[DONE]` and plain text are not JSON, so they are sent as JSON strings. */
function asJson(text: string): string {
  return /^[[{]/.test(text) && text !== "[DONE]" ? text : JSON.stringify(text);
}

function statusFields(status: WaitingStatus): object {
  const eta = status.etaMs === null ? {} : { eta_ms: status.etaMs };
  if (status.type === "queued") return { state: "queued", position: status.position, ...eta };
  return { state: status.state, progress: status.progress, ...eta };
}
