// The jobs of a round: each sends one request or one byte stream and checks its answer.

import type { Finding } from "./findings.ts";
import { faultsOf } from "./oracle.ts";
import { bytesOf, type HttpRequest } from "./requests/hostile-requests.ts";
import type { KeptConnection } from "./streams/connection.ts";

/** Time limit for any answer. */
export const LIMIT_MS = 10_000;
export type Job = {
  readonly part: "bodies" | "raw" | "tokens";
  readonly run: (connection: KeptConnection) => Promise<Finding | null>;
};

export type Round = {
  readonly url: string;
  readonly seed: number;
  readonly only: string | null;
  readonly bodies: number;
  /** Whether to send the named streams too. */
  readonly hasNamed: boolean;
  readonly onAnswer: (sent: SentRequest) => void;
};

/** A request that was answered. */
export type SentRequest = {
  readonly status: number;
  readonly ms: number;
  /** The command that sends it again. */
  readonly command: () => string;
};

/** Sends one request and checks its answer. */
export async function ask(connection: KeptConnection, request: HttpRequest) {
  const { method, target } = request;
  const { fault, answers, ms } = await connection.send(bytesOf(request), method, LIMIT_MS);
  const [answer] = answers;
  const status = answer?.status ?? null;
  if (fault !== null) return { faults: [fault], status, ms };
  if (!answer) return { faults: ["closed without an answer"], status, ms };
  return { faults: faultsOf(answer, { method, path: pathOf(target) }), status, ms };
}

/** The path without query and fragment. */
export function pathOf(target: string): string {
  return target.split(/[?#]/)[0] ?? "";
}
