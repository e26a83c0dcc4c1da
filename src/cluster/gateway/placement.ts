// Decides on which node a run starts. Pure: the state of the nodes in, a node or a wait out.

/** A node that serves the run's model. */
export type PlaceableNode = {
  readonly name: string;
  /** Tokens per slot. */
  readonly contextTokens: number;
  /** Slots that no run holds. */
  readonly freeSlots: number;
  /** Runs of this model that it computes now. */
  readonly running: number;
  /** Tokens at the start of the prompt that it has cached. */
  readonly sharedTokens: number;
  /** Measured; null before any measurement. */
  readonly decodeTokensPerSecond: number | null;
  readonly prefillTokensPerSecond: number | null;
  /** Whether it computes a run whose last node was lost, and that has not proved yet that it is harmless. */
  readonly hasSuspect: boolean;
};

export type RunToPlace = {
  readonly promptTokens: number;
  readonly maxTokens: number;
  readonly isSuspect: boolean;
  /** How long it has waited for a node so far. */
  readonly waitedMs: number;
};

export type Placement =
  | { readonly type: "node"; readonly name: string }
  /** Until a node changes, or for this time; null for no limit. */
  | { readonly type: "wait"; readonly forMs: number | null };

/** Whether the context of a node is large enough for the run, however many runs it has now. */
export function fitsAny(nodes: readonly PlaceableNode[], run: RunToPlace): boolean {
  return fitting(nodes, run).length > 0;
}

/**
 * The free node that has read most of the prompt, and among equals the least loaded. A full node that has read more of it is waited
 * for, but never for longer than another node takes to read that much.
 */
export function placeRun(nodes: readonly PlaceableNode[], run: RunToPlace): Placement {
  const usable = fitting(nodes, run).filter(({ hasSuspect }) => !run.isSuspect || !hasSuspect);
  const usualSpeed = meanSpeed(usable);
  const [best] = usable
    .filter(({ freeSlots }) => freeSlots > 0)
    .sort(
      (one, other) =>
        other.sharedTokens - one.sharedTokens ||
        loadOf(one, usualSpeed) - loadOf(other, usualSpeed) ||
        other.freeSlots - one.freeSlots ||
        one.name.localeCompare(other.name),
    );
  if (!best) return { type: "wait", forMs: null };
  const mostShared = Math.max(...usable.map(({ sharedTokens }) => sharedTokens));
  const restMs = rereadMs(mostShared - best.sharedTokens, best) - run.waitedMs;
  return restMs > 0 ? { type: "wait", forMs: restMs } : { type: "node", name: best.name };
}

/** A node whose context is smaller than the others' is used only if none is large enough. */
function fitting(
  nodes: readonly PlaceableNode[],
  { promptTokens, maxTokens }: RunToPlace,
): readonly PlaceableNode[] {
  const large = nodes.filter(({ contextTokens }) => contextTokens >= promptTokens + maxTokens);
  if (large.length > 0) return large;
  return nodes.filter(({ contextTokens }) => contextTokens > promptTokens);
}

/** How many streams would share the node's speed. A node without a measurement counts as usual. */
function loadOf({ running, decodeTokensPerSecond }: PlaceableNode, usualSpeed: number): number {
  return (running + 1) / (decodeTokensPerSecond || usualSpeed);
}

function meanSpeed(nodes: readonly PlaceableNode[]): number {
  const known = nodes.flatMap(({ decodeTokensPerSecond }) => decodeTokensPerSecond || []);
  return known.length === 0 ? 1 : known.reduce((sum, each) => sum + each, 0) / known.length;
}

function rereadMs(tokens: number, { prefillTokensPerSecond }: PlaceableNode): number {
  return prefillTokensPerSecond ? (tokens / prefillTokensPerSecond) * 1000 : 0;
}
