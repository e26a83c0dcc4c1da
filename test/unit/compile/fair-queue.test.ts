import { expect, test } from "vitest";
import { FairQueue } from "../../../src/compile/fair-queue.ts";

type Document = { readonly owner: string; readonly name: string };

function queueOf(...names: readonly string[]) {
  const queue = new FairQueue<Document>();
  const documents = names.map((name) => ({ owner: name.charAt(0), name }));
  for (const document of documents) queue.add(document);
  const rest = () => {
    const order: string[] = [];
    for (let next = queue.next(); next; next = queue.next()) order.push(next.name);
    return order.join(" ");
  };
  return { queue, documents, rest };
}

test("owners take turns, each in its own order of arrival", () => {
  expect(queueOf("a1", "a2", "a3", "b1", "c1", "b2").rest()).toBe("a1 b1 c1 a2 b2 a3");
});

test("an owner that had its turn goes behind all others, including newer ones", () => {
  const { queue, rest } = queueOf("a1", "a2");

  expect(queue.next()?.name).toBe("a1");
  queue.add({ owner: "b", name: "b1" });
  queue.add({ owner: "a", name: "a3" });

  expect(rest()).toBe("a2 b1 a3");
});

test("a removed item is skipped, even if it is removed twice", () => {
  const { queue, documents, rest } = queueOf("a1", "b1", "a2");

  for (const document of documents.slice(0, 2)) {
    queue.remove(document);
    queue.remove(document);
  }

  expect(rest()).toBe("a2");
});
