// Writes a brotli and a gzip file beside each file of the built pages that is worth it. The server sends them to browsers that accept
// them (src/http/server/built-files.ts). Part of `npm run build`.

import { readdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { brotliCompress, gzip, constants as zlib } from "node:zlib";

const FOLDERS = ["web", "docs"];
const COMPRESSIBLE = /\.(?:js|mjs|css|html|svg|json|webmanifest|wasm|ttf)$/;
/** A smaller file fits into the first packets of a response in any case. */
const MIN_BYTES = 1024;
/** The best quality of brotli takes seconds for a larger file, and saves less than a tenth. */
const MAX_BEST_BYTES = 400_000;

for (const folder of FOLDERS) {
  const root = path.join(import.meta.dirname, "../dist", folder);
  const names = readdirSync(root, { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => COMPRESSIBLE.test(name));
  await Promise.all(files.map((name) => compress(path.join(root, name))));
}

async function compress(file: string): Promise<void> {
  const bytes = await readFile(file);
  if (bytes.length < MIN_BYTES) return;
  const quality = bytes.length <= MAX_BEST_BYTES ? zlib.BROTLI_MAX_QUALITY : 9;
  const params = {
    [zlib.BROTLI_PARAM_QUALITY]: quality,
    [zlib.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  await Promise.all([
    promisify(brotliCompress)(bytes, { params }).then((small) => writeFile(`${file}.br`, small)),
    promisify(gzip)(bytes, { level: zlib.Z_BEST_COMPRESSION }).then((small) =>
      writeFile(`${file}.gz`, small),
    ),
  ]);
}
