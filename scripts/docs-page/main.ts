// Copies the page at /docs into dist/docs: the viewer Swagger UI with its licences, and our page that starts it. Part of
// `npm run build`.

import { cpSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const viewer = path.dirname(fileURLToPath(import.meta.resolve("swagger-ui-dist/package.json")));
const target = path.join(import.meta.dirname, "../../dist/docs");
const FILES = [
  "swagger-ui-bundle.js",
  "swagger-ui-bundle.js.LICENSE.txt",
  "swagger-ui.css",
  "LICENSE",
  "NOTICE",
];

for (const file of FILES) cpSync(path.join(viewer, file), path.join(target, file));
for (const file of ["index.html", "start.js"])
  cpSync(path.join(import.meta.dirname, file), path.join(target, file));
