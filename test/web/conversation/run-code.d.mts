// Types of run-code.mjs.

export type Outcome = {
  readonly options: Readonly<Record<string, unknown>>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly printed: string;
};

export function runShell(code: string): readonly string[];
export function runNode(code: string): Outcome;
export function runPython(code: string): Outcome;
export function hasPython(): boolean;
