// Stop strings in text that arrives in fragments: found however it is split, and never returned.

import { expect, test } from "vitest";
import { StopSequences } from "../../../../src/worker/output/stop-sequences.ts";

/** Pushes until a stop string is found; otherwise flushes the held text at the end. */
function scan(stops: readonly string[], fragments: readonly string[]) {
  const scanner = new StopSequences(stops);
  const texts: string[] = [];
  for (const fragment of fragments) {
    const { text, stopString } = scanner.push(fragment);
    texts.push(text);
    if (stopString !== null) return { texts, stopString };
  }
  return { texts: [...texts, scanner.flush()], stopString: null };
}

test("passes everything on at once when there is no stop string", () => {
  expect(scan([], ["Hel", "lo"])).toEqual({ texts: ["Hel", "lo", ""], stopString: null });
});

test("ends the text before the stop string, and drops the text after it", () => {
  expect(scan(["END"], ["one END two"])).toEqual({ texts: ["one "], stopString: "END" });
});

test("finds a stop string that is split over many fragments, and returns no part of it", () => {
  const { texts, stopString } = scan(["<stop>"], ["a<", "st", "o", "p", ">b"]);

  expect(texts).toEqual(["a", "", "", "", ""]);
  expect(stopString).toBe("<stop>");
});

test("holds back only text that may become a stop string", () => {
  expect(new StopSequences(["END"]).push("the E")).toEqual({ text: "the ", stopString: null });
});

test("returns held text as soon as it cannot become a stop string any more", () => {
  expect(scan(["END"], ["E", "N", "x"]).texts).toEqual(["", "", "ENx", ""]);
});

test("keeps holding the part of the held text that may start another stop string", () => {
  expect(scan(["aab"], ["aa", "a", "b"])).toEqual({ texts: ["", "a", ""], stopString: "aab" });
});

test("ends at the first of several stop strings", () => {
  expect(scan(["two", "one"], ["zero one two"])).toEqual({ texts: ["zero "], stopString: "one" });
});

test("holds back the longest of several possible starts", () => {
  expect(new StopSequences(["b", "xyz", "yq"]).push("axy")).toEqual({
    text: "a",
    stopString: null,
  });
});

test("flushes held text once", () => {
  const scanner = new StopSequences(["END"]);
  scanner.push("the EN");

  expect(scanner.flush()).toBe("EN");
  expect(scanner.flush()).toBe("");
});

test("starts again after a flush", () => {
  const scanner = new StopSequences(["END"]);
  scanner.push("EN");
  scanner.flush();

  expect(scanner.push("D")).toEqual({ text: "D", stopString: null });
});

test("compares characters beyond the BMP as a whole", () => {
  expect(scan(["🙂🙃"], ["a🙂", "🙂", "🙃b"])).toEqual({
    texts: ["a", "🙂", ""],
    stopString: "🙂🙃",
  });
});

test("returns the same answer however the text is split", () => {
  const text = "xaabaab<aab>y";
  for (let first = 0; first <= text.length; first++) {
    for (let second = first; second <= text.length; second++) {
      const fragments = [text.slice(0, first), text.slice(first, second), text.slice(second)];

      const { texts, stopString } = scan(["aab>"], fragments);

      expect([texts.join(""), stopString]).toEqual(["xaabaab<", "aab>"]);
    }
  }
});

test("ends at the string that begins first, even if another one ends before it", () => {
  expect(scan(["bc", "abcd"], ["xabcd"])).toEqual({ texts: ["x"], stopString: "abcd" });
});

test("finds a string that ends within the beginning of another one", () => {
  expect(scan(["abcd", "bc"], ["ab", "cx"])).toEqual({ texts: ["", "a"], stopString: "bc" });
});

test("reads each character once, however many strings hold back however much text", () => {
  const stops = Array.from({ length: 32 }, (_, index) => `${"a".repeat(1000)}${index}`);
  const scanner = new StopSequences(stops);
  const texts = Array.from({ length: 20_000 }, () => scanner.push("a").text);

  expect(texts.join("")).toBe("a".repeat(19_000));
  expect(scanner.push("31")).toEqual({ text: "", stopString: `${"a".repeat(1000)}3` });
});
