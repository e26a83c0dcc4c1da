// The memory part of `sluice show`: what the model takes at its size and at others, and whether it fits here.

import {
  bytesText,
  type MemoryReport,
  type MemoryRow,
  memoryText,
} from "../generation/memory-use.ts";
import { slotsText } from "./text/slots-text.ts";

/** The asked or chosen size, and whether it fits. */
export function memoryRows(
  { contextTokens, slots, memory }: MemoryRow,
  { weights, ...report }: MemoryReport,
): string[][] {
  const size = `${contextTokens} tokens in ${slotsText(slots)}`;
  const missing = `${memoryText(memory)} are needed, ${memoryText(report.free)} are free; ${report.advice}`;
  return [
    ["Memory", `${memoryText(memory)} with ${size}; ${memoryText(weights)} of it for the weights`],
    ["Fits here", report.fits ? `yes, with ${size}` : `no: ${missing}`],
  ];
}

/** One line for each context size, with a column for each number of slots. */
export function memoryTable({ rows }: MemoryReport): string[] {
  const slotCounts = [...new Set(rows.map(({ slots }) => slots))];
  const contexts = [...new Set(rows.map(({ contextTokens }) => contextTokens))];
  const lines = contexts.map((context) => [
    `${context} tokens`,
    ...rows
      .filter(({ contextTokens }) => contextTokens === context)
      .map(({ memory }) => totalText(memory)),
  ]);
  const heading = slotCounts.map((count) => (count === 1 ? "1 slot" : `${count} slots`));
  return columns([["Memory by context", ...heading], ...lines]);
}

function totalText({ ramBytes, vramBytes }: MemoryRow["memory"]): string {
  return bytesText(ramBytes + vramBytes);
}

/** The first column to the left, the others to the right. */
function columns(lines: readonly (readonly string[])[]): string[] {
  const [first = []] = lines;
  const widths = first.map((_, index) =>
    Math.max(...lines.map(({ [index]: cell = "" }) => cell.length)),
  );
  return lines.map((line) =>
    line
      .map((cell, index) =>
        index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[index] ?? 0),
      )
      .join("  "),
  );
}
