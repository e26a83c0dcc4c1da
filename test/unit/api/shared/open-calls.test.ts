import { expect, test } from "vitest";
import { OpenCalls } from "../../../../src/api/shared/open-calls.ts";

function openCalls(...calls: readonly (readonly [id: string, name: string])[]) {
  const open = new OpenCalls();
  for (const [id, name] of calls) open.add({ id, name, arguments: {} });
  return (id: string | null, name: string | null) => {
    const result = open.resultOf({ id, name, content: "" });
    return result.role === "tool" ? result.toolCallId : undefined;
  };
}

test("a result belongs to the call with its id, else to the first with its name, else to the first call", () => {
  const take = openCalls(["1", "f"], ["2", "g"], ["3", "g"], ["4", "f"]);

  expect(take("3", "f")).toBe("3");
  expect(take(null, "g")).toBe("2");
  expect(take(null, null)).toBe("1");
  expect(take(null, null)).toBe("4");
});

test("a call has one result", () => {
  const take = openCalls(["1", "f"], ["1", "f"]);

  expect([take("1", null), take(null, "f")]).toEqual(["1", "1"]);
  expect([take("1", null), take(null, "f"), take(null, null), take("2", null)]).toEqual([
    ...["1", null, null, "2"], // the client's own id, if it sent one
  ]);
});

test("a call without an id gets its number, and a result without a name gets that of its call", () => {
  const open = new OpenCalls();

  expect(open.add({ id: "", name: "f", arguments: null })).toEqual({
    ...{ id: "call_0", name: "f", arguments: {} },
  });
  expect(open.add({ name: "g", arguments: { a: 1 } }).id).toBe("call_1");
  expect(open.resultOf({ id: "call_1", name: null, content: "sunny" })).toEqual({
    ...{ role: "tool", content: "sunny", toolCallId: "call_1", name: "g" },
  });
});
