// A code block in Mermaid's language: its code while it grows, then the diagram, and the code again on request.

import { type ReactElement, useEffect, useState, useSyncExternalStore } from "react";
import { isDark, watchDarkness } from "../../browser/theme.ts";
import { CodeView } from "../code-view.tsx";
import { type DiagramImage, drawDiagram } from "./draw-diagram.ts";

type DiagramBlockProps = { readonly code: string; readonly isGrowing: boolean };

export function DiagramBlock({ code, isGrowing }: DiagramBlockProps): ReactElement {
  const { image, error } = useDiagram(code, isGrowing);
  const [isCodeWanted, setCodeWanted] = useState(false);
  const button = image !== null && (
    <button
      type="button"
      className="code-block-copy"
      onClick={() => setCodeWanted((isWanted) => !isWanted)}
    >
      {isCodeWanted ? "Show diagram" : "Show code"}
    </button>
  );
  return (
    <CodeView
      code={code}
      language="mermaid"
      isGrowing={isGrowing}
      action={button}
      note={error === null ? null : `The diagram cannot be drawn: ${error}`}
      picture={image !== null && !isCodeWanted && <Picture image={image} code={code} />}
    />
  );
}

/** The first word after comments and directives. */
const KIND = /^(?:\s|%%[^\n]*(?:\n|$))*([\w-]+)/;

function Picture({ image, code }: { readonly image: DiagramImage; readonly code: string }) {
  const kind = KIND.exec(code)?.[1] ?? "unknown";
  return (
    <img
      className="diagram"
      src={image.url}
      width={image.width}
      height={image.height}
      alt={`Diagram (${kind}). Its code has the text.`}
    />
  );
}

type DrawnDiagram = { readonly image: DiagramImage | null; readonly error: string | null };

const NOTHING: DrawnDiagram = { image: null, error: null };

/** Keeps the last picture until another one is drawn, for example in another theme. */
function useDiagram(code: string, isGrowing: boolean): DrawnDiagram {
  const isInDark = useSyncExternalStore(watchDarkness, isDark);
  const [drawn, setDrawn] = useState(NOTHING);
  useEffect(() => {
    if (isGrowing) return;
    const abort = new AbortController();
    drawDiagram({ code, isDark: isInDark, signal: abort.signal }).then(
      (image) => setDrawn({ image, error: null }),
      (error: unknown) => {
        if (!abort.signal.aborted) setDrawn({ image: null, error: firstLine(error) });
      },
    );
    return () => abort.abort();
  }, [code, isGrowing, isInDark]);
  return isGrowing ? NOTHING : drawn;
}

function firstLine(error: unknown): string {
  const [line = ""] = String(error instanceof Error ? error.message : error).split("\n");
  return line.replace(/:$/, "").slice(0, 200);
}
