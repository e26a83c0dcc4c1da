// Which gateway is active, with a lease store and a clock that the tests control.

import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { LeaseEntry, LeaseStore } from "../../../../src/cluster/nats/lease-store.ts";
import { LEASE_TTL_MS, RenewedLease } from "../../../../src/cluster/nats/nats-lease.ts";

/** The bucket of a NATS server. Entries expire on the tests' clock. */
class FakeStore {
  entry: (LeaseEntry & { readonly revision: number; readonly atMs: number }) | null = null;
  isAnswering = true;
  failure: string | null = null;
  #revision = 0;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  current() {
    if (this.entry && this.#now() - this.entry.atMs >= LEASE_TTL_MS) this.entry = null;
    return this.entry;
  }

  /** As one gateway sees it. @param isCut whether its requests and answers are lost */
  for(isCut: () => boolean): LeaseStore {
    const answer = async <T>(action: () => T): Promise<T> => {
      if (isCut() || !this.isAnswering) return new Promise<T>(() => {});
      if (this.failure !== null) throw new Error(this.failure);
      return action();
    };
    return {
      read: () => answer(() => this.current()),
      write: (entry, revision) =>
        answer(() => {
          if ((this.current()?.revision ?? 0) !== revision) return null;
          this.entry = { ...entry, revision: ++this.#revision, atMs: this.#now() };
          return this.#revision;
        }),
    };
  }
}

class FakeWorld {
  nowMs = 1_000;
  /** Unix time at 0 of the clock. */
  epochMs = 1_700_000_000_000;
  readonly store = new FakeStore(() => this.nowMs);
  readonly #timers: { readonly atMs: number; readonly owner: FakeGateway; action: () => void }[] =
    [];

  gateway(name: string): FakeGateway {
    return new FakeGateway(name, this);
  }

  after(owner: FakeGateway, ms: number, action: () => void): () => void {
    const timer = { atMs: this.nowMs + ms, owner, action };
    this.#timers.push(timer);
    return () => {
      timer.action = () => {};
    };
  }

  async pass(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    await turn();
    for (;;) {
      this.#timers.sort((a, b) => a.atMs - b.atMs);
      const index = this.#timers.findIndex(({ owner }) => !owner.isPaused);
      const next = this.#timers[index];
      if (!next || next.atMs > endMs) break;
      this.#timers.splice(index, 1);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.action();
      await turn();
    }
    this.nowMs = endMs;
  }
}

class FakeGateway {
  isPaused = false;
  isConnected = true;
  /** Its packets are lost, which it has not noticed. */
  isCut = false;
  readonly changes: boolean[] = [];
  readonly lines: string[] = [];
  readonly lease: RenewedLease;
  #listener: (isConnected: boolean) => void = () => {};

  constructor(name: string, world: FakeWorld) {
    const log = (...words: unknown[]) => this.lines.push(words.map(String).join(" "));
    const gateway = this;
    this.lease = new RenewedLease({
      gateway: name,
      link: {
        get isConnected() {
          return gateway.isConnected;
        },
        onConnection: (listener) => {
          this.#listener = listener;
          return () => {};
        },
      },
      store: world.store.for(() => this.isCut || !this.isConnected),
      log: { info: log, warn: log, error: log } as never,
      clock: {
        now: () => world.nowMs,
        unixTime: () => world.epochMs + world.nowMs,
        after: (ms, action) => world.after(this, ms, action),
      },
    });
    this.lease.onChange((isHeld) => this.changes.push(isHeld));
  }

  setConnected(isConnected: boolean): void {
    this.isConnected = isConnected;
    this.#listener(isConnected);
  }
}

async function activeAndStandby() {
  const world = new FakeWorld();
  const a = world.gateway("a");
  await world.pass(100);
  const b = world.gateway("b");
  await world.pass(100);
  return { world, a, b };
}

describe("one gateway", () => {
  test("becomes active at once and stays so", async () => {
    const world = new FakeWorld();
    const { lease, changes } = world.gateway("a");

    await world.pass(0);
    expect(lease.isHeld).toBe(true);
    expect(lease.holder).toBe("a");
    await world.pass(60_000);

    expect(changes).toEqual([true]);
  });

  test("that NATS does not answer ends its lease by its own clock, before the server does", async () => {
    const world = new FakeWorld();
    const { lease, changes } = world.gateway("a");
    await world.pass(0);
    const { term } = lease;
    world.store.isAnswering = false;

    await world.pass(LEASE_TTL_MS - 100);

    expect(world.store.current()?.holder).toBe("a");
    expect(changes).toEqual([true, false]);
    expect(lease.isHeld).toBe(false);
    expect(lease.holder).toBe("a");
    expect(term).toBeGreaterThan(world.epochMs);
  });

  test("gets a greater term when it has lost its lease and has it again", async () => {
    const world = new FakeWorld();
    const gateway = world.gateway("a");
    await world.pass(0);
    const { term } = gateway.lease;
    gateway.setConnected(false);
    await world.pass(60_000);
    world.epochMs -= 3_600_000; // its clock was corrected

    gateway.setConnected(true);
    await world.pass(0);

    expect(gateway.changes).toEqual([true, false, true]);
    expect(gateway.lease.term).toBeGreaterThan(term);
  });

  test("gets a greater term than one that a node has seen", async () => {
    const world = new FakeWorld();
    const { lease, changes } = world.gateway("a");
    await world.pass(0);
    const seen = lease.term + 1_000_000;

    lease.surpass(seen);
    await world.pass(600);

    expect(lease.term).toBe(seen + 1);
    expect(changes).toEqual([true]);
  });

  test("whose write was answered too late to know it finds its entry again", async () => {
    const world = new FakeWorld();
    const gateway = world.gateway("a");
    await world.pass(0);
    const { entry } = world.store;
    if (entry) world.store.entry = { ...entry, revision: 99, atMs: world.nowMs };

    await world.pass(10_000);

    expect(gateway.changes).toEqual([true]);
  });
});

describe("of two gateways", () => {
  test("one is active, and the other knows which", async () => {
    const { world, a, b } = await activeAndStandby();

    await world.pass(60_000);

    expect([a.lease.isHeld, b.lease.isHeld]).toEqual([true, false]);
    expect(b.lease.holder).toBe("a");
    expect(b.changes).toEqual([]);
  });

  test("the standby takes over when the lease has expired, with a greater term", async () => {
    const { world, a, b } = await activeAndStandby();
    world.epochMs = 0; // a clock that is behind
    a.isPaused = true;

    await world.pass(LEASE_TTL_MS + 300);

    expect(b.lease.isHeld).toBe(true);
    expect(b.lease.term).toBeGreaterThan(a.lease.term);
  });

  test("one that was stopped knows that it is not active before it does anything", async () => {
    const { world, a, b } = await activeAndStandby();
    a.isPaused = true;
    await world.pass(10_000);

    a.isPaused = false;
    expect(a.lease.isHeld).toBe(false);
    await world.pass(1_000);

    expect(a.changes).toEqual([true, false]);
    expect(a.lease.holder).toBe("b");
    expect(b.lease.isHeld).toBe(true);
  });

  test("never both are active, whichever is cut off or stopped", async () => {
    const { world, a, b } = await activeAndStandby();
    for (let round = 0; round < 40; round++) {
      const gateway = round % 2 === 0 ? a : b;
      const fault = round % 4 < 2 ? "isPaused" : "isCut";
      gateway[fault] = true;
      for (let step = 0; step < 40; step++) {
        await world.pass(97);
        expect(a.lease.isHeld && b.lease.isHeld).toBe(false);
      }
      gateway[fault] = false;
      if (fault === "isCut") {
        gateway.setConnected(false);
        gateway.setConnected(true);
      }
    }
    expect(a.changes.length).toBeGreaterThan(10);
    expect(b.changes.length).toBeGreaterThan(10);
  });

  test("the standby takes over at once when the other closes", async () => {
    const { world, a, b } = await activeAndStandby();

    await a.lease.close();
    await world.pass(250);

    expect(a.changes).toEqual([true, false]);
    expect(b.lease.isHeld).toBe(true);
    expect(b.lease.term).toBeGreaterThan(a.lease.term);
  });

  test("a closed standby takes nothing from the other", async () => {
    const { world, a, b } = await activeAndStandby();

    await b.lease.close();
    await world.pass(10_000);

    expect(a.changes).toEqual([true]);
  });

  test.each([0, 400, 900])(
    "the former holder has precedence after NATS was away, if it is back %i ms after the standby",
    async (laterMs) => {
      const { world, a, b } = await activeAndStandby();
      a.setConnected(false);
      b.setConnected(false);
      world.store.entry = null;
      await world.pass(5_000);

      b.setConnected(true);
      await world.pass(laterMs);
      a.setConnected(true);
      await world.pass(10_000);

      expect(a.changes).toEqual([true, false, true]);
      expect(b.changes).toEqual([]);
    },
  );

  test("a lost entry does not make the standby active while the other one still is", async () => {
    const { world, a, b } = await activeAndStandby();
    const { term } = a.lease;
    for (let round = 0; round < 20; round++) {
      world.store.entry = null;
      for (let step = 0; step < 20; step++) {
        await world.pass(53);
        expect(a.lease.isHeld && b.lease.isHeld).toBe(false);
      }
    }

    expect(a.changes).toEqual([true]);
    expect(a.lease.term).toBeGreaterThan(term);
  });

  test("the standby is active after NATS was away if the former holder does not return", async () => {
    const { world, a, b } = await activeAndStandby();
    a.setConnected(false);
    b.setConnected(false);
    world.store.entry = null;
    await world.pass(5_000);

    b.setConnected(true);
    await world.pass(1_300);

    expect(b.lease.isHeld).toBe(true);
    a.setConnected(true);
    await world.pass(300);
    expect(a.lease.holder).toBe("b");
  });
});

test("the same failure of the store is logged once", async () => {
  const world = new FakeWorld();
  const { lines, lease } = world.gateway("a");
  await world.pass(0);
  lines.length = 0;

  world.store.failure = "no answer";
  await world.pass(5_000);
  world.store.failure = "no leader";
  await world.pass(5_000);
  await lease.close();

  expect(lines.filter((line) => line.startsWith("cannot reach"))).toEqual([
    "cannot reach the lease of the active gateway: no answer",
    "cannot reach the lease of the active gateway: no leader",
  ]);
});
