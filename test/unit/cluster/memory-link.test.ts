// The bus of the cluster's tests behaves as NATS core does.

import { expect, test } from "vitest";
import { MemoryBus } from "../../support/cluster/memory-link.ts";

function twoLinks() {
  const bus = new MemoryBus();
  const [one, other] = [bus.link(), bus.link()];
  const received: unknown[] = [];
  other.subscribe("a", (packet) => received.push(packet));
  return { bus, one, other, received };
}

test("packets arrive later, in order and as copies", async () => {
  const { one, received } = twoLinks();
  const packet = { list: [1] };
  one.publish("a", packet);
  one.publish("b", "not read");
  one.publish("a", 2);
  expect(received).toEqual([]);
  packet.list.push(2);
  await Promise.resolve();
  expect(received).toEqual([{ list: [1] }, 2]);
});

test("a cut loses packets between two links until it is healed, and leaves others alone", async () => {
  const { bus, one, other, received } = twoLinks();
  bus.cut(one, other);
  one.publish("a", 1);
  bus.link().publish("a", 2);
  bus.heal(one, other);
  one.publish("a", 3);
  await Promise.resolve();
  expect(received).toEqual([2, 3]);
});

test("a single packet can be dropped", async () => {
  const { bus, one, received } = twoLinks();
  bus.dropNext(({ packet }) => packet === 2);
  for (const packet of [1, 2, 3, 2]) one.publish("a", packet);
  await Promise.resolve();
  expect(received).toEqual([1, 3, 2]);
});

test("a link without connection neither sends nor receives, and says so", async () => {
  const { one, other, received } = twoLinks();
  const changes: boolean[] = [];
  other.onConnection((isConnected) => changes.push(isConnected));
  one.publish("a", 1);
  other.disconnect();
  one.publish("a", 2);
  await Promise.resolve();
  other.reconnect();
  one.publish("a", 3);
  await Promise.resolve();
  expect(received).toEqual([3]);
  expect(changes).toEqual([false, true]);
});
