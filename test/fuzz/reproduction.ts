// Shows how to reproduce a finding by hand: a curl command if a shell can write the request, otherwise a file and its bytes.

import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { HttpRequest } from "./requests/hostile-requests.ts";

const LONGEST_SHOWN = 1_500;
const DUMPED_BYTES = 256;
const BYTES_PER_LINE = 16;

export function curlOf({ method, target, headers, body }: HttpRequest, url: string): string {
  const options = Object.entries(headers).map(
    ([name, value]) => `-H ${quoted(`${name}: ${value}`)}`,
  );
  const data = body.length === 0 ? "" : ` --data-binary ${dataOf(body)}`;
  return `curl --path-as-is -X ${method} ${quoted(url + target)} ${options.join(" ")}${data}`;
}

/** The first bytes as hex. If there are more, all are written to a file. */
export function hexOf(bytes: Buffer): string {
  const shown = bytes.subarray(0, DUMPED_BYTES);
  const lines = Array.from({ length: Math.ceil(shown.length / BYTES_PER_LINE) }, (_, index) => {
    const part = shown.subarray(index * BYTES_PER_LINE, (index + 1) * BYTES_PER_LINE);
    const text = part.toString("latin1").replace(/[^\x20-\x7e]/g, ".");
    return `${part
      .toString("hex")
      .replace(/../g, "$& ")
      .padEnd(3 * BYTES_PER_LINE)} ${text}`;
  });
  if (bytes.length > shown.length)
    lines.push(`... ${bytes.length} bytes in total, in ${fileOf(bytes)}`);
  return lines.join("\n");
}

function dataOf(body: Buffer): string {
  const text = body.toString("utf8");
  const isPlain =
    body.length <= LONGEST_SHOWN && Buffer.from(text).equals(body) && !text.includes("\0");
  return isPlain ? quoted(text) : `@${fileOf(body)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

let files = 0;

function fileOf(bytes: Buffer): string {
  files += 1;
  const file = path.join(tmpdir(), `sluice-fuzz-${process.pid}-${files}.bin`);
  writeFileSync(file, bytes);
  return file;
}
