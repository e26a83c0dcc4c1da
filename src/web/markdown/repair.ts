// Completes half-written Markdown at the end of a growing text, so that no raw markers are shown.
// Applies only to the last block while it grows. The finished text is rendered as written.

import remend, { isWithinCodeBlock, type RemendOptions } from "remend";
import { isWithinBlockFormula, maskFormulas } from "./maths/mask-formulas.ts";

const OPTIONS: RemendOptions = {
  linkMode: "text-only",
  katex: false, // mask-formulas.ts hides them
  htmlTags: false, // shown as text
  // These would show something else than the finished text.
  comparisonOperators: false,
  singleTilde: false,
};

/** A last line that is only a marker: of a list item, task, rule, fence, heading underline or table. */
const LONE_MARKER =
  /(?:^|\n)[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])(?:[ \t]+\[[ xX]?\]?)?|`+|~+|[-=_*]+|\|)[ \t]*$/;

/** The number of the next list item, which belongs to the text of the previous item until its dot arrives. */
const LONE_NUMBER = /(?<=\S)\n[ \t>]*\d{1,9}$/;

/** An incomplete closing fence, which would be shown as code. */
const LONE_FENCE = /(?:^|\n)[ \t>]*(?:`+|~+)$/;

/** A marker that can only open a span, and would be shown as text until the next character arrives. */
const OPENING_MARKER = /(?<=\s)(?:\*{1,3}|_{1,3}|~{1,2}|`{1,2}|!?\[)$/;

export function repairUnfinished(text: string): string {
  if (isWithinCodeBlock(text, text.length)) return text.replace(LONE_FENCE, "");
  if (isWithinBlockFormula(text)) return text;
  const masked = maskFormulas(text);
  return masked.restore(repairMarkup(masked.text));
}

function repairMarkup(text: string): string {
  const visible = text
    .replace(LONE_MARKER, "")
    .replace(LONE_NUMBER, "")
    .replace(OPENING_MARKER, "");
  return completeTable(remend(visible, OPTIONS));
}

/** Adds the delimiter row below a table head, because Markdown shows no table before that row is complete. */
function completeTable(text: string): string {
  const lines = text.split("\n");
  const [beforeHead, head, delimiter] = ["", "", ...lines].slice(-3);
  if (isRow(head) && !isRow(beforeHead) && /^[ \t]*\|?[ \t]*[:-][ \t:|-]*$/.test(delimiter ?? "")) {
    return [...lines.slice(0, -1), delimiterFor(head)].join("\n");
  }
  if (isRow(delimiter) && !isRow(head)) return `${text}\n${delimiterFor(delimiter)}`;
  return text;
}

function isRow(line: string | undefined): line is string {
  return line !== undefined && /^[ \t]*\|[^|]*[^|\s]/.test(line);
}

function delimiterFor(head: string): string {
  const indent = head.slice(0, head.indexOf("|"));
  const cells = head
    .trim()
    .slice(1)
    .replace(/(?<!\\)\|$/, "")
    .split(/(?<!\\)\|/);
  return `${indent}|${cells.map(() => "---|").join("")}`;
}
