// Every relative link, every #anchor and every file that the documents name exists.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

const ROOT = path.join(import.meta.dirname, "../../..");
const DOCUMENTS = [
  "README.md",
  "SECURITY.md",
  "CHANGELOG.md",
  "bench/README.md",
  "examples/README.md",
  ...readdirSync(path.join(ROOT, "docs"), { encoding: "utf8", recursive: true })
    .filter((file) => file.endsWith(".md"))
    .map((file) => path.join("docs", file)),
];
const LINK = /\]\(([^)\s]+)\)/g;
/** A path from the project's folder, alone in backticks. */
const NAMED_FILE = /`((?:bench|deploy|docs|examples|scripts|src|test)\/[\w./-]+)`/g;
const HAS_SCHEME = /^[a-z]+:/i;

test.each(DOCUMENTS)("%s has no broken link", (document) => {
  const links = [...withoutCode(read(document)).matchAll(LINK)].map(([, target = ""]) => target);
  expect(links.filter((target) => !leadsSomewhere(document, target))).toEqual([]);
});

test.each(DOCUMENTS)("%s names only files that exist", (document) => {
  const named = [...read(document).matchAll(NAMED_FILE)].map(([, file = ""]) => file);
  expect(named.filter((file) => !existsSync(path.join(ROOT, file)))).toEqual([]);
});

test("every page in docs can be reached from the index", () => {
  const seen = new Set(["docs/README.md"]);
  for (const page of seen) {
    for (const [, target = ""] of read(page).matchAll(LINK)) {
      const file = path.join(path.dirname(page), target.split("#")[0] ?? "");
      if (file.startsWith("docs/") && file.endsWith(".md") && existsSync(path.join(ROOT, file)))
        seen.add(file);
    }
  }
  expect(DOCUMENTS.filter((page) => page.startsWith("docs/") && !seen.has(page))).toEqual([]);
});

test("a heading's anchor is GitHub's", () => {
  const text = "# Keys\n## GET /slots\n## Keys\n## `a_b` and *c* -- [d](e.md)\n";
  expect(anchorsOf(text)).toEqual(["keys", "get-slots", "keys-1", "a_b-and-c----d"]);
});

test("links in code are not links", () => {
  expect(withoutCode("a `[b](c)`\n```sh\n[d](e)\n```\n[f](g)")).not.toMatch(/\[b\]|\[d\]/);
});

function leadsSomewhere(document: string, target: string): boolean {
  if (HAS_SCHEME.test(target)) return true;
  const [file = "", anchor] = target.split("#");
  const page = file === "" ? document : path.join(path.dirname(document), file);
  if (!existsSync(path.join(ROOT, page))) return false;
  return anchor === undefined || anchorsOf(read(page)).includes(anchor);
}

function read(document: string): string {
  return readFileSync(path.join(ROOT, document), "utf8");
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```.*?^```/gms, "").replaceAll(/`[^`\n]*`/g, "");
}

/** As GitHub makes them: lower case, no punctuation, a hyphen for each space, a number for repeated headings. */
function anchorsOf(text: string): readonly string[] {
  const counts = new Map<string, number>();
  const headings = text.replaceAll(/^```.*?^```/gms, "").matchAll(/^#{1,6} (.+)$/gm);
  return [...headings].map(([, heading = ""]) => {
    const words = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").trim();
    const anchor = words
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(/\s/g, "-");
    const count = counts.get(anchor) ?? 0;
    counts.set(anchor, count + 1);
    return count === 0 ? anchor : `${anchor}-${count}`;
  });
}
