// Collects findings, each kind once, with the simplest request that shows it.

export type Finding = {
  /** Where it happened, e.g. the name of an endpoint. */
  readonly where: string;
  readonly faults: readonly string[];
  /** Shrinks the case and shows how to send it by hand. Slow, so it is called once per kind. */
  readonly reproduce: () => Promise<string>;
};

type Kind = Pick<Finding, "where" | "faults"> & { count: number; readonly reproduction: string };

/** Limit on shrunk kinds: each takes up to a minute. */
const MOST_REPRODUCED = 15;

export class Findings {
  readonly #kinds = new Map<string, Kind>();
  readonly #waiting: Finding[] = [];

  get count(): number {
    return [...this.#kinds.values()].reduce((sum, { count }) => sum + count, this.#waiting.length);
  }

  add(finding: Finding): void {
    this.#waiting.push(finding);
  }

  /** Shrinks the first case of each new kind. Call while nothing else runs. @returns descriptions of the new kinds */
  async reproduceNew(): Promise<readonly string[]> {
    const newFindings: string[] = [];
    for (const finding of this.#waiting.splice(0)) {
      const key = kindOf(finding.where, finding.faults);
      const known = this.#kinds.get(key);
      if (known) {
        known.count += 1;
        continue;
      }
      const isEnough = this.#kinds.size >= MOST_REPRODUCED;
      const reproduction = isEnough
        ? "(not shrunk: there are many findings)"
        : await finding.reproduce();
      const kind = { where: finding.where, faults: finding.faults, count: 1, reproduction };
      this.#kinds.set(key, kind);
      newFindings.push(describe(kind));
    }
    return newFindings;
  }

  report(): string {
    return [...this.#kinds.values()].map(describe).join("\n\n");
  }
}

/** Ignores numbers and texts, which differ for the same fault. */
export function kindOf(where: string, faults: readonly string[]): string {
  return `${where}: ${(faults[0] ?? "").replace(/"[^"]*"|\d+/g, "#").slice(0, 80)}`;
}

function describe({ where, faults, count, reproduction }: Kind): string {
  return `${where} (${count} x): ${faults.join("; ")}\n${reproduction}`;
}
