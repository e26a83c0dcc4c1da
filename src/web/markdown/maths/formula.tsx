// A formula in a text: its source until KaTeX is loaded, and if KaTeX cannot read it. Replaces `math` in react-markdown.

import { type ReactElement, useLayoutEffect, useMemo, useRef } from "react";
import type { ExtraProps } from "react-markdown";
import { textOf } from "../hast.ts";
import { lazyModule } from "../lazy-module.ts";

const typesetter = lazyModule(async () => (await import("./typeset.ts")).typeset);

export function Formula({ node }: ExtraProps): ReactElement {
  const source = node === undefined ? "" : textOf(node);
  const typeset = typesetter.useModule(true);
  const place = useRef<HTMLSpanElement>(null);
  const { tex, isDisplay } = readSource(source);
  const result = useMemo(() => typeset?.(tex, isDisplay) ?? null, [typeset, tex, isDisplay]);
  const element = result !== null && "element" in result ? result.element : null;
  useLayoutEffect(() => {
    if (element !== null) place.current?.replaceChildren(element);
  }, [element]);
  if (element !== null) {
    const className = isDisplay ? "formula is-display" : "formula";
    return <span key="typeset" className={className} ref={place} />;
  }
  const error = result !== null && "error" in result ? result.error : undefined;
  return (
    <span key="source" className="formula-source" title={error}>
      {source}
    </span>
  );
}

function readSource(source: string): { readonly tex: string; readonly isDisplay: boolean } {
  const markerLength = source.startsWith("$") && !source.startsWith("$$") ? 1 : 2;
  return {
    tex: source.slice(markerLength, -markerLength).trim(),
    isDisplay: source.startsWith("$$") || source.startsWith("\\["),
  };
}
