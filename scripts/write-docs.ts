// Writes the documentation that is generated from the code. Run by `npm run docs`; a test fails if it is out of date.

import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { configSchema } from "./config-schema.ts";
import { conformance } from "./conformance.ts";
import { withKeywordTable } from "./keyword-table.ts";
import { dashboardFile } from "./monitoring/dashboard.ts";
import { rulesFile } from "./monitoring/rules-file.ts";

const docs = path.join(import.meta.dirname, "../docs");
const deploy = path.join(import.meta.dirname, "../deploy");
const structured = path.join(docs, "api/structured-output.md");
write(path.join(docs, "conformance.md"), conformance());
write(path.join(docs, "config.schema.json"), configSchema());
write(structured, withKeywordTable(readFileSync(structured, "utf8")));
write(path.join(deploy, "prometheus-rules.yml"), rulesFile());
write(path.join(deploy, "grafana-dashboard.json"), dashboardFile());

function write(target: string, text: string): void {
  writeFileSync(target, text);
  console.log(`wrote ${path.relative(process.cwd(), target)}`);
}
