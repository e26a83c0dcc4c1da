// Decides from what the proxy saw and the program did whether a step passed. Pure.

import type { StepResult } from "./client.ts";
import type { Exchange } from "./proxy.ts";
import { lastLines } from "./run-program.ts";

export type Outcome = {
  readonly exchanges: readonly Exchange[];
  readonly output: string;
  readonly code: number | null;
  readonly isLate: boolean;
};

const GENERATES =
  /\/(chat\/completions|completions|messages|responses|api\/chat|api\/generate)(\?|$)|enerateContent/;
const HAS_TOOL_RESULT =
  /"role": ?"tool"|"type": ?"(function_call_output|tool_result)"|"functionResponse"/;
const WORDS_OF_OVERFLOW = /context (length|window)|too long|maximum number of tokens|compact/i;

export function judgePrompt(outcome: Outcome): StepResult {
  const asked = generating(outcome);
  const refused = asked.find(isRefused);
  if (refused) return failed(`${refused.status} ${refused.path}: ${refused.answer.slice(0, 300)}`);
  if (outcome.isLate) return failed(`still running at the limit\n${lastLines(outcome.output)}`);
  if (outcome.code !== 0) return failed(`ended with ${outcome.code}\n${lastLines(outcome.output)}`);
  if (!asked.some(({ status, isEnded }) => status === 200 && isEnded))
    return failed(`no answer was read to its end\n${lastLines(outcome.output)}`);
  const largest = Math.max(...asked.map(({ body }) => body.length));
  return ok(`a request of ${Math.ceil(largest / 1024)} KB`);
}

export function judgeStream({ exchanges }: Outcome): StepResult {
  const streamed = exchanges.some(
    ({ isEnded, contentType }) => isEnded && /event-stream|ndjson/.test(contentType),
  );
  return streamed ? ok("") : failed("no answer was streamed to its end");
}

export function judgeTools(outcome: Outcome): StepResult {
  const forced = outcome.exchanges.findIndex(({ isForced }) => isForced);
  if (forced === -1) return failed(`none of the tools was offered: ${offered(outcome)}`);
  const call = outcome.exchanges[forced];
  if (call?.status !== 200) return failed(`${call?.status}: ${call?.answer.slice(0, 300)}`);
  const back = outcome.exchanges
    .slice(forced + 1)
    .find(({ body, path }) => GENERATES.test(path) && HAS_TOOL_RESULT.test(body));
  if (!back) return failed(`the result was not sent back\n${lastLines(outcome.output)}`);
  if (back.status !== 200) return failed(`${back.status}: ${back.answer.slice(0, 300)}`);
  return ok("");
}

/** Passes if the client ended by itself and either said why or made the conversation shorter. */
export function judgeOverflow(outcome: Outcome): StepResult {
  const reason = lastLines(outcome.output, 60)
    .split("\n")
    .findLast((line) => WORDS_OF_OVERFLOW.test(line));
  const said = reason ?? lastLines(outcome.output, 1);
  if (outcome.isLate) return failed(`still running at the limit: ${said}`);
  if (!generating(outcome).some(isRefused))
    return outcome.code === 0 ? ok("the client shortened the prompt") : failed(said);
  return reason ? ok(said) : failed(`does not say why: ${said}`);
}

/** A refusal after the first heartbeat is an event of the stream. */
function isRefused({ status, answer }: Exchange): boolean {
  return status >= 400 || answer.includes("context_length_exceeded");
}

function generating({ exchanges }: Outcome): Exchange[] {
  return exchanges.filter(({ method, path }) => method === "POST" && GENERATES.test(path));
}

function offered(outcome: Outcome): string {
  return generating(outcome)
    .map(({ body }) => [...body.matchAll(/"name": ?"([\w-]+)"/g)].map(([, name]) => name).join(" "))
    .join("; ")
    .slice(0, 300);
}

export function ok(note: string): StepResult {
  return { state: "ok", note };
}

export function failed(note: string): StepResult {
  return { state: "FAILED", note };
}
