// What a round is made of: one request or one byte stream, and what is found wrong with its answer.

import type { Finding } from "./findings.ts";
import { faultsOf } from "./oracle.ts";
import { bytesOf, type HttpRequest } from "./requests/hostile-requests.ts";
import type { KeptConnection } from "./streams/connection.ts";

/** Nothing that is sent here may take longer to be answered. */
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
  /** Whether the streams that have names are played, too. */
  readonly hasNamed: boolean;
  readonly onAnswer: (sent: Sent) => void;
};

/** One request that was answered. */
export type Sent = {
  readonly status: number;
  readonly ms: number;
  /** To send it again by hand. */
  readonly command: () => string;
};

/** One request, and what is wrong with its answer. */
export async function ask(connection: KeptConnection, request: HttpRequest) {
  const { method, target } = request;
  const { fault, answers, ms } = await connection.send(bytesOf(request), method, LIMIT_MS);
  const [answer] = answers;
  const status = answer?.status ?? null;
  if (fault !== null) return { faults: [fault], status, ms };
  if (!answer) return { faults: ["closed without an answer"], status, ms };
  return { faults: faultsOf(answer, { method, path: pathOf(target) }), status, ms };
}

/** Without what stands behind it. */
export function pathOf(target: string): string {
  return target.split(/[?#]/)[0] ?? "";
}
