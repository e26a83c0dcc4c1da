// A prefix cache without saved tiers, for tests that run a request on a slot.

import { PrefixCache } from "../../../src/worker/cache/prefix-cache.ts";
import type { Batcher } from "../../../src/worker/step/batcher.ts";
import { type Slot, SlotPool } from "../../../src/worker/step/slots.ts";

export function slotsOnly(slots: readonly Slot[], batcher: Batcher): PrefixCache {
  const tiers = Promise.resolve(null);
  return new PrefixCache({
    pool: new SlotPool(slots),
    batcher,
    tiers,
    bytesPerToken: 1,
    log: () => {},
  });
}
