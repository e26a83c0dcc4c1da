// The character classes of regular expressions, as ECMA-262 defines them.

import { type CharRange, complement, merged } from "../../char-ranges.ts";
import { PatternError } from "./pattern-error.ts";

const DIGITS: readonly CharRange[] = [[0x30, 0x39]];
export const WORD: readonly CharRange[] = [[0x30, 0x39], [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]]; // biome-ignore format: a table
export const NO_WORD = complement(WORD);
const LINE_ENDS: readonly CharRange[] = [[0x0a, 0x0a], [0x0d, 0x0d], [0x2028, 0x2029]]; // biome-ignore format: a table
const SPACE: readonly CharRange[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
export const ALL_BUT_LINE_ENDS = complement(LINE_ENDS);
/** The classes of one letter, such as `\d`. */
export const LETTER_CLASSES: Readonly<Record<string, readonly CharRange[]>> = {
  d: DIGITS,
  w: WORD,
  s: SPACE,
  D: complement(DIGITS),
  W: NO_WORD,
  S: complement(SPACE),
};

/** Finding the characters of a property takes milliseconds; a server sees few different ones. */
const MOST_PROPERTIES = 64;
const properties = new Map<string, readonly CharRange[]>();

/** The characters of `\p{name}`. @throws PatternError for an unknown name */
export function propertyRanges(name: string): readonly CharRange[] {
  const known = properties.get(name);
  if (known) return known;
  const ranges = scannedRanges(propertyTest(name));
  const [oldest] = properties.keys();
  if (properties.size >= MOST_PROPERTIES && oldest !== undefined) properties.delete(oldest);
  properties.set(name, ranges);
  return ranges;
}

function propertyTest(name: string): RegExp {
  try {
    return new RegExp(`\\p{${name}}+`, "gu");
  } catch (error) {
    throw new PatternError(`\\p{${name.slice(0, 40)}} is not a Unicode property`, { cause: error });
  }
}

/** Code points are searched in blocks, so that no long text stays in memory. */
const SCANNED_BLOCK = 0x4000;
/**
 * Blocks below MIXED_UP_TO, and those from MIXED_FROM up to MIXED_TO, have characters of different properties. In every other
 * block, all characters have the properties of the first.
 */
const MIXED_UP_TO = 0x34000;
const MIXED_FROM = 0xe0000;
const MIXED_TO = 0xe4000;
/** Code points of a plane. The last two are no characters. */
const PLANE = 0x10000;

function scannedRanges(test: RegExp): readonly CharRange[] {
  const ranges: CharRange[] = [];
  const has = (code: number) => String.fromCodePoint(code).search(test) === 0;
  for (let start = 0; start <= 0x10ffff; start += SCANNED_BLOCK) {
    const end = start + SCANNED_BLOCK - 1;
    const isMixed = start < MIXED_UP_TO || (start >= MIXED_FROM && start < MIXED_TO);
    if (isMixed) ranges.push(...rangesInBlock(test, start));
    else {
      const last = end % PLANE === PLANE - 1 ? end - 2 : end;
      if (has(start)) ranges.push([start, last]);
      if (last < end && has(end)) ranges.push([end - 1, end]);
    }
  }
  return merged(ranges);
}

const decoder = new TextDecoder("utf-16le");

/** Halves of surrogate pairs are no characters. A range may span them. */
function rangesInBlock(test: RegExp, start: number): readonly CharRange[] {
  const units: number[] = [];
  for (let code = start; code < start + SCANNED_BLOCK; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    if (code <= 0xffff) units.push(code);
    else units.push(0xd7c0 + (code >> 10), 0xdc00 + (code & 0x3ff));
  }
  const text = decoder.decode(Uint16Array.from(units));
  return [...text.matchAll(test)].map(({ 0: found, index }) => {
    const from = text.codePointAt(index) ?? 0;
    const size = from > 0xffff ? 2 : 1;
    return [from, text.codePointAt(index + found.length - size) ?? from];
  });
}

/** The ranges with both cases of all letters in them. */
export function inBothCases(ranges: readonly CharRange[]): readonly CharRange[] {
  const sorted = merged(ranges);
  const added = caseGroups().flatMap((group) => {
    const isIn = group.some((code) => sorted.some(([from, to]) => code >= from && code <= to));
    return isIn ? group.map((code): CharRange => [code, code]) : [];
  });
  return merged([...sorted, ...added]);
}

const DOTLESS_I = 0x131;

let groups: readonly (readonly number[])[] | null = null;

/** Groups of characters that differ only in their case. The last letters with two cases are below U+1E944. */
function caseGroups(): readonly (readonly number[])[] {
  if (groups) return groups;
  const found = new Map<number, number[]>();
  for (let code = 0; code < 0x1e944; code++) {
    const folded = foldedCase(code);
    if (folded === code) continue;
    const group = found.get(folded) ?? [folded];
    group.push(code);
    found.set(folded, group);
  }
  groups = [...found.values()];
  return groups;
}

/** One code for all cases of a letter. Cases that are several letters do not count. */
function foldedCase(code: number): number {
  if (code === DOTLESS_I) return code; // Unicode's case folding keeps it apart from i
  const upper = onlyCode(String.fromCodePoint(code).toUpperCase()) ?? code;
  return onlyCode(String.fromCodePoint(upper).toLowerCase()) ?? upper;
}

function onlyCode(text: string): number | null {
  const code = text.codePointAt(0) ?? 0;
  return text.length === (code > 0xffff ? 2 : 1) ? code : null;
}
