// The end of a run: what the server has said and held is compared with what its clients saw, and it is ended.

import { type Holdings, holdingsOf, metricsOf, type SoakServer } from "../server.ts";
import { type Accounts, faultsOf } from "./ledger.ts";

type Books = Pick<Accounts, "endings" | "kills"> & {
  /** What the server held before it had anything to do. */
  readonly before: Holdings;
  readonly keys?: readonly string[];
};

const MORE_DESCRIPTORS = 2;

export async function faultsAtEnd(
  server: SoakServer,
  { endings, kills, before, keys = [] }: Books,
): Promise<readonly string[]> {
  const { url, pid, lines, complaints, isGone, stop } = server;
  if (isGone()) return ["the server has ended", ...complaints];
  const headers = keys[0] === undefined ? {} : { authorization: `Bearer ${keys[0]}` };
  const { restarts, outcomes } = await metricsOf(url, headers);
  const { descriptors, zombies } = holdingsOf(pid);
  const code = await stop(); // what it writes last is in its log then
  const faults = [...complaints, ...faultsOf({ endings, lines, kills, counted: outcomes })];
  if (restarts !== kills.length) faults.push(`${restarts} restarts after ${kills.length} crashes`);
  if (descriptors > before.descriptors + MORE_DESCRIPTORS)
    faults.push(`${before.descriptors} open files before, ${descriptors} after`);
  if (zombies > 0) faults.push(`${zombies} processes are not buried`);
  if (code !== 0) faults.push(`the server ended with ${code}`);
  return faults;
}
