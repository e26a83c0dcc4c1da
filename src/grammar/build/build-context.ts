// The context that all builders of rules share.

import type { Json } from "../../generation/request.ts";
import type { GrammarPart } from "../nodes.ts";
import type { SchemaReport } from "../normalize/schema-report.ts";
import type { ShapeContext } from "../normalize/shape-context.ts";
import type { Rules } from "../rules.ts";

export type BuildContext = {
  readonly rules: Rules;
  readonly report: SchemaReport;
  readonly shapes: ShapeContext;
  /** Compiles a schema inside this one; null if it allows no value. @throws SchemaError */
  readonly visit: (schema: Json) => GrammarPart | null;
  /** Whether an object may have members that its schema neither declares nor excludes. */
  readonly isOpen: boolean;
};
