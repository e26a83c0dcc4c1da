// Completes what the end of a growing text leaves open, so that no half-written markers are shown.
// Only for the last block and only while it grows: the finished text is rendered as it was written.

import remend, { isWithinCodeBlock, type RemendOptions } from "remend";

const OPTIONS: RemendOptions = {
  linkMode: "text-only",
  // There is no mathematics here, and HTML is shown as text.
  katex: false,
  htmlTags: false,
  // These would show another meaning than the finished text has.
  comparisonOperators: false,
  singleTilde: false,
};

/** A last line that is but a marker: of a list item, a task, a rule, a fence, a heading's underline, a table. */
const LONE_MARKER =
  /(?:^|\n)[ \t>]*(?:(?:[-+*]|\d{1,9}[.)])(?:[ \t]+\[[ xX]?\]?)?|`+|~+|[-=_*]+|\|)[ \t]*$/;

/** The number of a list's next item, which would go on with the text of the last one until its dot comes. */
const LONE_NUMBER = /(?<=\S)\n[ \t>]*\d{1,9}$/;

/** A fence's closing line, which would stand in the code until it is complete. */
const LONE_FENCE = /(?:^|\n)[ \t>]*(?:`+|~+)$/;

/** What can only open something: without the next character it would stand there as it is. */
const OPENING_MARKER = /(?<=\s)(?:\*{1,3}|_{1,3}|~{1,2}|`{1,2}|!?\[)$/;

export function repairUnfinished(text: string): string {
  if (isWithinCodeBlock(text, text.length)) return text.replace(LONE_FENCE, "");
  const visible = text
    .replace(LONE_MARKER, "")
    .replace(LONE_NUMBER, "")
    .replace(OPENING_MARKER, "");
  return completeTable(remend(visible, OPTIONS));
}

/** A table is one only once the line under its head is complete: until then that line is made up here. */
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
