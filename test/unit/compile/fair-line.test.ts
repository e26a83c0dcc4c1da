import { expect, test } from "vitest";
import { FairLine } from "../../../src/compile/fair-line.ts";

type Document = { readonly owner: string; readonly name: string };

function lineOf(...names: readonly string[]) {
  const line = new FairLine<Document>();
  const documents = names.map((name) => ({ owner: name.charAt(0), name }));
  for (const document of documents) line.add(document);
  const rest = () => {
    const order: string[] = [];
    for (let next = line.next(); next; next = line.next()) order.push(next.name);
    return order.join(" ");
  };
  return { line, documents, rest };
}

test("owners take turns, each in the order of its own", () => {
  expect(lineOf("a1", "a2", "a3", "b1", "c1", "b2").rest()).toBe("a1 b1 c1 a2 b2 a3");
});

test("an owner that had its turn comes behind all others, also those that came since", () => {
  const { line, rest } = lineOf("a1", "a2");

  expect(line.next()?.name).toBe("a1");
  line.add({ owner: "b", name: "b1" });
  line.add({ owner: "a", name: "a3" });

  expect(rest()).toBe("a2 b1 a3");
});

test("one that leaves is passed over, also twice", () => {
  const { line, documents, rest } = lineOf("a1", "b1", "a2");

  for (const document of documents.slice(0, 2)) {
    line.remove(document);
    line.remove(document);
  }

  expect(rest()).toBe("a2");
});
