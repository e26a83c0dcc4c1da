// What went wrong, each kind once, with the plainest request that shows it.

export type Finding = {
  /** Where, e.g. the name of an endpoint. */
  readonly where: string;
  readonly faults: readonly string[];
  /** A plainer case of the same, and how to send it by hand. Takes its time, so it is asked for once of a kind. */
  readonly reproduce: () => Promise<string>;
};

type Kind = Pick<Finding, "where" | "faults"> & { count: number; readonly reproduction: string };

/** Shrinking takes up to a minute each. */
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

  /** Finds the plainest case of each new kind. To be called while nothing else runs. @returns what is new, for people */
  async settle(): Promise<readonly string[]> {
    const news: string[] = [];
    for (const finding of this.#waiting.splice(0)) {
      const key = kindOf(finding.where, finding.faults);
      const known = this.#kinds.get(key);
      if (known) {
        known.count += 1;
        continue;
      }
      const isEnough = this.#kinds.size >= MOST_REPRODUCED;
      const reproduction = isEnough
        ? "(not looked for: there are many)"
        : await finding.reproduce();
      const kind = { where: finding.where, faults: finding.faults, count: 1, reproduction };
      this.#kinds.set(key, kind);
      news.push(shown(kind));
    }
    return news;
  }

  report(): string {
    return [...this.#kinds.values()].map(shown).join("\n\n");
  }
}

/** The same fault has other numbers and texts each time. */
export function kindOf(where: string, faults: readonly string[]): string {
  return `${where}: ${(faults[0] ?? "").replace(/"[^"]*"|\d+/g, "#").slice(0, 80)}`;
}

function shown({ where, faults, count, reproduction }: Kind): string {
  return `${where} (${count} x): ${faults.join("; ")}\n${reproduction}`;
}
