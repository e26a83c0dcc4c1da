// Writes the documentation that is made of the code. Run by `npm run docs`; a test fails when it was forgotten.

import { writeFileSync } from "node:fs";
import path from "node:path";
import { conformance } from "./conformance.ts";

const target = path.join(import.meta.dirname, "../docs/conformance.md");
writeFileSync(target, conformance());
console.log(`wrote ${path.relative(process.cwd(), target)}`);
