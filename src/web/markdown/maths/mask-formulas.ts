// Hides formulas from the repair of half-written Markdown, which would complete their underscores and asterisks.

import { readBlockFormula } from "./block-formula.ts";

type MaskedText = {
  readonly text: string;
  /** Puts the formulas back. One that is unfinished at the end comes back as text without any markup. */
  readonly restore: (text: string) => string;
};

const MASK = "\uE000"; // for private use: no text has it

/** Code spans and escaped characters, which are left alone, and formulas. */
const FORMULA_OR_CODE =
  /(`+)(?!`)[\s\S]*?(?<!`)\1(?!`)|\\\([\s\S]+?\\\)|\\\[[\s\S]+?\\\]|\\[^[(]|\$\$[^$][\s\S]*?\$\$|(?<![\p{L}\p{N}$])\$(?![\s$])(?:[^$\\`\n]|\\.)*(?<!\s)\$(?![\p{L}\p{N}$])/gu;

/** The beginning of a formula. A single dollar needs more than a price: a command, an index, an exponent or a group. */
const UNFINISHED =
  /(?:\\\(|\\\[|\$\$)[\s\S]*$|(?<![\p{L}\p{N}$\\])\$(?=[^\s$])(?=[^\n]*[\\_^{=])[^$\n`]{1,300}$/u;

export function maskFormulas(text: string): MaskedText {
  if (text.includes(MASK)) return { text, restore: (restored) => restored };
  const hidden: string[] = [];
  const hide = (formula: string) => {
    hidden.push(formula);
    return MASK;
  };
  const masked = text
    .replace(FORMULA_OR_CODE, (match) => (isFormula(match) ? hide(match) : match))
    .replace(UNFINISHED, (match) => hide(match.replace(/[!-/:-@[-`{-~]/g, "\\$&")));
  let next = 0;
  return {
    text: masked,
    restore: (repaired) => repaired.replaceAll(MASK, () => hidden[next++] ?? ""),
  };
}

/** Whether the text ends within a formula that begins a line. The parser shows its source. */
export function isWithinBlockFormula(text: string): boolean {
  for (const { index, 0: prefix } of text.matchAll(/^[ \t>*+\-\d.)]*(?=\$\$|\\\[)/gm)) {
    const formula = readBlockFormula(text, index + prefix.length, true);
    if (formula !== null && !formula.isClosed) return true;
  }
  return false;
}

function isFormula(match: string): boolean {
  return /^(?:\$|\\[([])/.test(match);
}
