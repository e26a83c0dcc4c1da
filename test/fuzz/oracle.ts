// The rules that every answer must follow, whatever the request. Pure: takes an answer, returns its faults.

import { type ErrorCode, ServiceError, toErrorCode } from "../../src/errors.ts";
import { errorDetailsOf } from "../support/clients/error-text.ts";
import type { Answer } from "./streams/answer-reader.ts";

export type AnsweredRequest = {
  readonly method: string;
  /** The path alone; it determines the format of errors. */
  readonly path: string;
};

const LONGEST_MESSAGE = 2_000;
/** Codes of a busy server. No hostile request may get any other 5xx. */
const BUSY_CODES: readonly ErrorCode[] = ["queue_timeout", "no_free_slot"];
const INNER_WORDS = /node_modules|\bat (async )?[\w.<>]+ \(|\/src\/|\.[tj]s:\d+/;
const MARKS = /polluted/;

type Json = Readonly<Record<string, unknown>>;

/** Faults of the answer; empty if there are none. */
export function faultsOf(answer: Answer, asked: AnsweredRequest): readonly string[] {
  const { status, headers } = answer;
  const faults: string[] = [];
  if (!headers.get("x-request-id")) faults.push("no x-request-id");
  if (status === 304) return faults; // answer to if-none-match: *
  if (status < 200 || (status >= 300 && status < 400)) faults.push(`status ${status}`);
  // /slots answers 503 to fail_on_no_slot.
  const isFault = status >= 500 && !(status === 503 && asked.path === "/slots");
  if (asked.method === "HEAD") return isFault ? [...faults, `status ${status}`] : faults;
  if (status >= 400) return [...faults, ...faultsOfError(answer, asked)];
  const type = headers.get("content-type") ?? "";
  if (type.startsWith("text/event-stream")) return [...faults, ...faultsOfStream(answer, asked)];
  if (type.startsWith("application/json")) return [...faults, ...faultsOfJson(answer)];
  if (asked.path !== "/metrics") faults.push(`content-type ${type}`);
  return faults;
}

function faultsOfJson({ body }: Answer): string[] {
  const json = parsed(body);
  if (json === undefined) return ["the body is not JSON"];
  const hasError =
    typeof json === "object" && json !== null && "error" in json && json.error !== null;
  return hasError ? ["an error with a success status"] : [];
}

function faultsOfError(answer: Answer, { path }: AnsweredRequest): string[] {
  const type = answer.headers.get("content-type") ?? "";
  if (!type.startsWith("application/json"))
    return [`status ${answer.status} with content-type "${type}"`];
  const json = parsed(answer.body);
  const requestId = answer.headers.get("x-request-id");
  const { faults, code } = faultsOfEnvelope(json, path, requestId);
  if (path === "/ready" && answer.status === 503) return [];
  if (code !== null && traitsOf(code).status !== answer.status)
    faults.push(`code ${code} with status ${answer.status}`);
  return faults;
}

/** A stream that breaks off must report it in its last event, in the error format of its API. */
function faultsOfStream({ body, headers }: Answer, { path }: AnsweredRequest): string[] {
  const text = body.toString("utf8");
  const frames = text.split("\n\n").filter((frame) => frame !== "" && !frame.startsWith(":"));
  // Not `.`, which also stops at U+2028; server-sent events do not.
  const datas = frames.map((frame) => /^data: ([^\r\n]*)$/m.exec(frame)?.[1]);
  const faults: string[] = [];
  if (datas.includes(undefined)) faults.push("an event without data");
  const last = datas.at(-1);
  const jsons = datas.map((data) => (data === "[DONE]" ? {} : parsed(Buffer.from(data ?? ""))));
  if (jsons.includes(undefined)) faults.push("an event that is not JSON");
  const end = jsons.at(-1);
  if (isObject(end) && "error" in end && end.error !== null)
    return [...faults, ...faultsOfEnvelope(end, path, headers.get("x-request-id")).faults];
  if (!isWholeStream(path, last, end)) faults.push("a stream without its end");
  return faults;
}

function isWholeStream(path: string, last: string | undefined, end: unknown): boolean {
  const type = isObject(end) ? String(end.type) : "";
  if (path === "/v1/messages") return type === "message_stop";
  if (path === "/v1/responses") return /^response\.(completed|incomplete)$/.test(type);
  if (path.startsWith("/v1beta/")) return isObject(end) && "usageMetadata" in end;
  if (path === "/infill") return isObject(end);
  return last === "[DONE]";
}

function faultsOfEnvelope(body: unknown, path: string, requestId: string | undefined) {
  const faults: string[] = [];
  // Google's streams without alt=sse are one list, also of one error.
  const isList =
    path.endsWith(":streamGenerateContent") && Array.isArray(body) && body.length === 1;
  const json: unknown = isList ? body[0] : body;
  if (!isObject(json) || !isObject(json.error))
    return { faults: ["no error envelope"], code: null };
  const isGoogle = path.startsWith("/v1beta/");
  const { message, type, status } = json.error;
  const { code, param } = errorDetailsOf(json);
  if (typeof message !== "string" || message === "") faults.push("no error.message");
  else faults.push(...faultsOfMessage(message));
  if (typeof (isGoogle ? status : type) !== "string") faults.push("no error.type");
  if (param !== null && typeof param !== "string") faults.push("error.param is not a string");
  if (String(param).length > LONGEST_MESSAGE) faults.push("error.param is too long");
  if (path.startsWith("/v1/messages")) {
    if (json.type !== "error") faults.push('no type "error"');
    if (json.request_id !== requestId) faults.push("request_id is not x-request-id");
  }
  const known = toErrorCode(String(code));
  if (known !== code || known === "aborted")
    faults.push(`unknown code ${String(code).slice(0, 50)}`);
  if (traitsOf(known).status >= 500 && !BUSY_CODES.includes(known)) faults.push(`code ${known}`);
  return { faults, code: known };
}

function faultsOfMessage(message: string): string[] {
  const faults: string[] = [];
  if (message.length > LONGEST_MESSAGE)
    faults.push(`error.message of ${message.length} characters`);
  if (INNER_WORDS.test(message))
    faults.push(`error.message reveals internals: ${message.slice(0, 200)}`);
  if (MARKS.test(message)) faults.push("a prototype was changed");
  return faults;
}

function traitsOf(code: ErrorCode) {
  return new ServiceError(code, "").traits;
}

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Returns undefined if the body is not JSON or not UTF-8. */
function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}
