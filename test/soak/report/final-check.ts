// The end of a run: compares the server's log and metrics with what its clients saw, and stops the server.

import { metricsOf, type ResourceUse, resourceUseOf, type SoakServer } from "../server.ts";
import { faultsOf, type Ledger } from "./ledger.ts";

type EndState = Pick<Ledger, "endings" | "kills"> & {
  /** Resources the server used before the run. */
  readonly before: ResourceUse;
  readonly keys?: readonly string[];
};

const MORE_DESCRIPTORS = 2;

export async function faultsAtEnd(
  server: SoakServer,
  { endings, kills, before, keys = [] }: EndState,
): Promise<readonly string[]> {
  const { url, pid, lines, complaints, isGone, stop } = server;
  if (isGone()) return ["the server has ended", ...complaints];
  const headers = keys[0] === undefined ? {} : { authorization: `Bearer ${keys[0]}` };
  const { restarts, outcomes } = await metricsOf(url, headers);
  const { descriptors, zombies } = resourceUseOf(pid);
  const code = await stop(); // then its log is complete
  const faults = [...complaints, ...faultsOf({ endings, lines, kills, counted: outcomes })];
  if (restarts !== kills.length) faults.push(`${restarts} restarts after ${kills.length} crashes`);
  if (descriptors > before.descriptors + MORE_DESCRIPTORS)
    faults.push(`${before.descriptors} open files before, ${descriptors} after`);
  if (zombies > 0) faults.push(`${zombies} zombie processes are left`);
  if (code !== 0) faults.push(`the server ended with ${code}`);
  return faults;
}
