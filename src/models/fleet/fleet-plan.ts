// Decides which models to load and which to unload, so that all loaded models stay within the memory budget. Pure: the state of
// the models in, actions out. fleet.ts asks again after every change.
//
// A model that requests wait for is loaded when it fits. If it does not, idle models make room, the one that was used longest ago
// first, and then models in use. A model in use gives out no more slots, finishes its running requests, and is unloaded. That
// happens only if the fair shares put the waiting request first, and not before the model has served for a while
// (`keptUntilMs`), so that loading takes a limited share of the time, and each waiting request gets its model.

import { addMemory, fitsInto, type MemoryUse, NO_MEMORY } from "../../generation/memory-use.ts";

export type PlanModel<D> = {
  readonly key: string;
  /** `draining`: it gives out no slots, because it will be unloaded. `unloading`: its process is ending. */
  readonly state: "unloaded" | "loading" | "ready" | "draining" | "unloading";
  /** What it takes, or will take when it is loaded. */
  readonly memory: MemoryUse;
  /** Whether its process is computing for a request. */
  readonly isBusy: boolean;
  /** Whether a request that it accepted has not ended. */
  readonly isClaimed: boolean;
  /** The next request that waits for it; null for none. */
  readonly demand: D | null;
  readonly isPinned: boolean;
  /** Whether it must be unloaded in any case: its file changed, or somebody asked for it. */
  readonly mustUnload: boolean;
  /** It is unloaded when it has been idle for this time; null for never. */
  readonly idleUnloadMs: number | null;
  readonly lastUsedMs: number;
  /** It is not unloaded for requests of other models before this time, unless it is idle. */
  readonly keptUntilMs: number;
};

export type PlanOptions<D> = {
  readonly budget: MemoryUse;
  readonly nowMs: number;
  /** Whether one request precedes another by the fair shares. */
  readonly isAhead: (one: D, other: D) => boolean;
};

export type PlanAction = {
  /** `drain`: give out no more slots, and unload it when it is not busy. `keep`: a draining model is needed again. */
  readonly type: "load" | "drain" | "keep";
  readonly key: string;
};

export type Plan = {
  readonly actions: readonly PlanAction[];
  /** When to plan again even if nothing changes; null for never. */
  readonly againAtMs: number | null;
};

export function planFleet<D>(models: readonly PlanModel<D>[], options: PlanOptions<D>): Plan {
  const { budget, nowMs, isAhead } = options;
  const resident = models.filter(({ state }) => state !== "unloaded");
  const leaving = new Set(resident.filter((model) => mustLeave(model, nowMs)));
  const waiting = models.filter(({ state, demand }) => state === "unloaded" && demand !== null);
  waiting.sort((one, other) => compareDemands(one, other, isAhead));
  let promised = NO_MEMORY;
  let load: PlanModel<D> | null = null;
  for (const model of waiting) {
    const staying = resident.filter((each) => !leaving.has(each));
    const need = addMemory(promised, model.memory);
    const victims = victimsFor(model, { ...options, staying, need });
    if (!victims) break; // those behind it must not take the memory for which it waits
    for (const victim of victims) leaving.add(victim);
    promised = need;
    const isRoom = fitsInto(addMemory(sumOf(resident), model.memory), budget);
    if (isRoom) load ??= model;
  }
  const isLoading = resident.some(({ state }) => state === "loading"); // two loads would share the disk
  return {
    actions: [
      ...resident.flatMap((model) => changeOf(model, leaving.has(model))),
      ...(load && !isLoading ? [{ type: "load", key: load.key } as const] : []),
    ],
    againAtMs: earliest(
      resident.flatMap((model) => [model.keptUntilMs, idleEndOf(model) ?? nowMs]),
      nowMs,
    ),
  };
}

/** @returns the models that make room for this one; null if not enough of them may */
function victimsFor<D>(
  model: PlanModel<D>,
  {
    staying,
    need,
    ...options
  }: PlanOptions<D> & { readonly staying: readonly PlanModel<D>[]; readonly need: MemoryUse },
): readonly PlanModel<D>[] | null {
  const victims = new Set<PlanModel<D>>();
  const fits = () => {
    const rest = staying.filter((each) => !victims.has(each));
    return fitsInto(addMemory(sumOf(rest), need), options.budget);
  };
  for (const candidate of candidatesFor(model, staying, options)) {
    if (fits()) break;
    victims.add(candidate);
  }
  return fits() ? [...victims] : null;
}

/** The models that may make room, in the order in which they should. */
function candidatesFor<D>(
  { demand }: PlanModel<D>,
  staying: readonly PlanModel<D>[],
  { nowMs, isAhead }: PlanOptions<D>,
): readonly PlanModel<D>[] {
  const mayGo = (each: PlanModel<D>) => {
    if (each.isPinned || each.state === "loading") return false;
    if (each.state === "draining" || isIdle(each)) return true;
    const isFirst = each.demand === null || (demand !== null && isAhead(demand, each.demand));
    return isFirst && each.keptUntilMs <= nowMs;
  };
  const rank = (each: PlanModel<D>) => {
    if (each.state === "draining") return 0;
    if (isIdle(each)) return 1;
    return each.demand === null ? 2 : 3;
  };
  return staying
    .filter(mayGo)
    .sort((one, other) => rank(one) - rank(other) || one.lastUsedMs - other.lastUsedMs);
}

function mustLeave<D>(model: PlanModel<D>, nowMs: number): boolean {
  const idleEndMs = idleEndOf(model);
  const hasExpired = idleEndMs !== null && idleEndMs <= nowMs;
  return model.state === "unloading" || model.mustUnload || hasExpired;
}

/** When an idle model is unloaded if no request comes; null for never. */
function idleEndOf<D>(model: PlanModel<D>): number | null {
  const { idleUnloadMs, isPinned, state, lastUsedMs } = model;
  if (idleUnloadMs === null || isPinned || state !== "ready" || !isIdle(model)) return null;
  return lastUsedMs + idleUnloadMs;
}

function isIdle<D>({ isBusy, isClaimed, demand }: PlanModel<D>): boolean {
  return !isBusy && !isClaimed && demand === null;
}

function changeOf<D>({ key, state }: PlanModel<D>, isLeaving: boolean): readonly PlanAction[] {
  if (state === "ready" && isLeaving) return [{ type: "drain", key }];
  if (state === "draining" && !isLeaving) return [{ type: "keep", key }];
  return [];
}

function compareDemands<D>(
  { demand: one }: PlanModel<D>,
  { demand: other }: PlanModel<D>,
  isAhead: (one: D, other: D) => boolean,
): number {
  if (one === null || other === null) return 0;
  return isAhead(one, other) ? -1 : 1;
}

function earliest(times: readonly number[], nowMs: number): number | null {
  const later = times.filter((ms) => ms > nowMs);
  return later.length > 0 ? Math.min(...later) : null;
}

function sumOf<D>(models: readonly PlanModel<D>[]): MemoryUse {
  return models.reduce((sum, { memory }) => addMemory(sum, memory), NO_MEMORY);
}
