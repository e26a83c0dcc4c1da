// Writes the documentation that is generated from the code. Run by `npm run docs`; a test fails if it is out of date.

import { writeFileSync } from "node:fs";
import path from "node:path";
import { conformance } from "./conformance.ts";

const target = path.join(import.meta.dirname, "../docs/conformance.md");
writeFileSync(target, conformance());
console.log(`wrote ${path.relative(process.cwd(), target)}`);
