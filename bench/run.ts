// Runs the cases. Cases that share a table run together; in each round, every column of the table is measured in turn.

import { SingleBar } from "cli-progress";
import type { Case, CaseOptions, Figures, Target } from "./case.ts";
import { allComplete, streamChat } from "./clients/stream-client.ts";
import { addRound, type Results } from "./report/results.ts";

export type RunOptions = {
  readonly cases: readonly Case[];
  readonly targets: readonly Target[];
  readonly rounds: number;
  readonly caseOptions: CaseOptions;
};

/** One measurement of one column of one table. */
type Step = {
  readonly table: string;
  readonly isStandalone: boolean;
  readonly column: string;
  readonly measure: () => Promise<Figures>;
};

/** Notes a step that fails and continues with the next one. */
export async function runCases(options: RunOptions, results: Results): Promise<void> {
  const steps = interleave(options);
  const bar = new SingleBar({ format: "{bar} {value}/{total} {what}", clearOnComplete: true });
  bar.start(steps.length, 0, { what: "warming up" });
  try {
    for (const target of options.targets) await warmUp(target);
    for (const { table, column, measure } of steps) {
      bar.update({ what: `${table}: ${column}` });
      try {
        addRound(results, table, column, await measure());
      } catch (error) {
        const reason = (error as Error).message.split("\n")[0];
        results.failures.push(`${table} on ${column}: ${reason}`);
      }
      bar.increment();
    }
  } finally {
    bar.stop();
  }
}

function interleave({ cases, targets, rounds, caseOptions }: RunOptions): readonly Step[] {
  const steps = cases.flatMap((each) => stepsOf(each, targets, caseOptions));
  const tables = [...new Set(steps.map(({ table }) => table))];
  return tables.flatMap((table) => {
    const columns = steps.filter((step) => step.table === table);
    const round = [
      ...columns.filter(({ isStandalone }) => !isStandalone),
      ...columns.filter(({ isStandalone }) => isStandalone),
    ];
    return Array.from({ length: rounds }, () => round).flat();
  });
}

function stepsOf(each: Case, targets: readonly Target[], options: CaseOptions): readonly Step[] {
  if ("column" in each) {
    const table = each.beside ?? each.name;
    return [
      { table, isStandalone: true, column: each.column, measure: () => each.runAlone(options) },
    ];
  }
  return targets.map((target) => ({
    table: each.name,
    isStandalone: false,
    column: target.name,
    measure: () => each.run(target, options),
  }));
}

/** The first answers of a process are slower than later ones. */
async function warmUp({ url, model }: Target): Promise<void> {
  const messages = [{ role: "user", content: "Hi" }];
  const streams = [1, 2].map(() => streamChat({ url, model, messages, tokens: 8 }));
  await allComplete(streams);
}
