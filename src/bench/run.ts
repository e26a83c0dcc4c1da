// Runs the cases. Cases that share a table run together; in each round, every column of the table is measured in turn.

import type { Case, Figures, Target } from "./case.ts";
import { allComplete, streamChat } from "./clients/stream-client.ts";

export type RunOptions<Options> = {
  readonly cases: readonly Case<Options>[];
  readonly targets: readonly Target[];
  readonly rounds: number;
  readonly caseOptions: Options;
  readonly progress: Progress;
};

/** Told about each measurement, of which there are `total`. */
export type Progress = {
  readonly begin: (total: number) => void;
  /** @param done measurements that have ended. @param what is being measured now */
  readonly measure: (done: number, what: string) => void;
  readonly end: () => void;
};

/** One measurement of one column of one table. */
type Step = {
  readonly table: string;
  readonly isStandalone: boolean;
  readonly column: string;
  readonly measure: () => Promise<Figures>;
};

/** Where the figures go. */
export type Notes = {
  readonly figures: (table: string, column: string, figures: Figures) => void;
  readonly failure: (text: string) => void;
};

/** Notes a measurement that fails, and continues with the next one. @throws Error if a target does not answer at all */
export async function runCases<Options>(options: RunOptions<Options>, notes: Notes): Promise<void> {
  const { progress } = options;
  const steps = interleave(options);
  progress.begin(steps.length);
  try {
    for (const target of options.targets) await warmUp(target);
    for (const [done, { table, column, measure }] of steps.entries()) {
      progress.measure(done, `${table}: ${column}`);
      try {
        notes.figures(table, column, await measure());
      } catch (error) {
        const reason = (error as Error).message.split("\n")[0];
        notes.failure(`${table} on ${column}: ${reason}`);
      }
    }
  } finally {
    progress.end();
  }
}

function interleave<Options>({
  cases,
  targets,
  rounds,
  caseOptions,
}: RunOptions<Options>): readonly Step[] {
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

function stepsOf<Options>(
  each: Case<Options>,
  targets: readonly Target[],
  options: Options,
): readonly Step[] {
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
async function warmUp({ url, model, apiKey }: Target): Promise<void> {
  const messages = [{ role: "user", content: "Hi" }];
  const streams = [1, 2].map(() => streamChat({ url, model, apiKey, messages, tokens: 8 }));
  await allComplete(streams);
}
