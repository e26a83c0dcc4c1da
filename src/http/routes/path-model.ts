// Paths with a model name in them: `{model}` in the path of a dialect.

import type { Request } from "express";

/** The path in Express syntax. A model name may contain slashes; a literal colon is escaped. */
export function routeOf(path: string): string {
  return path.replaceAll(":", "\\:").replaceAll("{model}", "*model");
}

/** The model named in the path, if the path has one. */
export function modelInPath({ params }: Request): { readonly model?: string } {
  const { model } = params;
  return model === undefined ? {} : { model: [model].flat().join("/") };
}
