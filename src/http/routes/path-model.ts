// Paths that name a model: `{model}` in a dialect's path.

import type { Request } from "express";

/** As Express has it. A model's name may have slashes in it; a colon that belongs to the path is no parameter. */
export function routeOf(path: string): string {
  return path.replaceAll(":", "\\:").replaceAll("{model}", "*model");
}

/** Of a path with `{model}` in it. */
export function modelInPath({ params }: Request): { readonly model?: string } {
  const { model } = params;
  return model === undefined ? {} : { model: [model].flat().join("/") };
}
