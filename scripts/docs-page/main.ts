// Writes the page at /docs and its style sheet into dist/. Part of `npm run build`.

import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { openapiDocument } from "../../src/api/openapi/document.ts";
import { packageVersion } from "../../src/config/command-line.ts";
import { renderPage } from "./page.ts";

const dist = path.join(import.meta.dirname, "../../dist");
mkdirSync(dist, { recursive: true });
writeFileSync(path.join(dist, "docs.html"), renderPage(openapiDocument(packageVersion())));
copyFileSync(path.join(import.meta.dirname, "style.css"), path.join(dist, "docs.css"));
