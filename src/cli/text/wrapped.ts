// Breaks a long text into lines for a terminal.

const COLUMNS = 100;

/** @param indent of each line, in spaces. @param columns the longest line, with its indent */
export function wrapped(text: string, indent: number, columns = COLUMNS): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    const longer = line === "" ? word : `${line} ${word}`;
    if (indent + longer.length <= columns) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines.map((line) => " ".repeat(indent) + line).join("\n");
}
