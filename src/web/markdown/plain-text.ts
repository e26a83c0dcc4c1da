// The words of a Markdown text without its markup, for screen readers. It is short and approximate: the renderer, which
// knows every rule, is loaded only for answers that are shown.

type Rule = readonly [RegExp, string];

const RULES: readonly Rule[] = [
  [/^[ \t>]*(`{3,}|~{3,})[^\n]*$/gm, ""], // fences; the code stays
  [/^[ \t>|]*(?:[-:=*_]{2,}[ \t|:-]*)+$/gm, ""], // rules, underlines of headings, and rows between a table's head and body
  [/^[ \t]*(?:>[ \t]?)+/gm, ""],
  [/^[ \t]*#{1,6}[ \t]+/gm, ""],
  [/^[ \t]*(?:[-+*]|\d{1,9}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?/gm, ""],
  [/!\[([^\]\n]*)\]\([^)\n]*\)/g, "Image: $1"],
  [/\[([^\]\n]+)\]\([^)\n]*\)/g, "$1"],
  [/^[ \t]*\||\|[ \t]*$/gm, ""],
  [/[ \t]*\|[ \t]*/g, ", "],
  [/(\*{1,3}|~~|`+)(?=\S)([^\n]*?\S)\1/g, "$2"],
  [/(?<![\p{L}\p{N}])(_{1,3})(?=\S)([^\n]*?\S)\1(?![\p{L}\p{N}])/gu, "$2"],
  [/\$\$|\\[()[\]]/g, " "],
  [/(?<![\p{L}\p{N}$])\$(?=\S)([^$\n]*\S)\$(?![\p{L}\p{N}])/gu, "$1"],
  [/\\([!-/:-@[-`{-~])/g, "$1"],
  [/\s+/g, " "],
];

export function plainText(markdown: string): string {
  return RULES.reduce((text, [pattern, words]) => text.replace(pattern, words), markdown).trim();
}
