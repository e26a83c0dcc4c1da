// Asks the mermaid frame for the picture of a diagram. The frame is loaded for the first one.

import { FrameTimeout, PageFrame } from "../../browser/frame.ts";

type DiagramOptions = {
  readonly code: string;
  readonly isDark: boolean;
  readonly signal: AbortSignal;
};

export type DiagramImage = {
  /** A data URL: in an image, an SVG runs nothing and loads nothing. */
  readonly url: string;
  readonly width: number;
  readonly height: number;
};

const MAX_CODE_CHARACTERS = 10_000;
const MAX_SVG_CHARACTERS = 1_000_000;
const MAX_PIXELS = 20_000;
const TIMEOUT_MS = 15_000;

const frame = new PageFrame({ name: "mermaid", isSandboxed: true, needsLayout: true });

/** @throws Error in words for the user */
export async function drawDiagram(options: DiagramOptions): Promise<DiagramImage> {
  const { code, isDark, signal } = options;
  if (code.length > MAX_CODE_CHARACTERS) throw new Error("it is too long");
  try {
    return readPicture(await frame.ask({ code, isDark }, { timeoutMs: TIMEOUT_MS, signal }));
  } catch (error) {
    if (error instanceof FrameTimeout) frame.close(); // it may never end; the next diagram gets a new frame
    throw error;
  }
}

/** The answer comes from a frame with foreign text in it, so it is checked. */
function readPicture(answer: unknown): DiagramImage {
  const { svg, width, height } = Object(answer) as Record<string, unknown>;
  if (typeof svg !== "string" || !svg.startsWith("<svg") || svg.length > MAX_SVG_CHARACTERS) {
    throw new Error("the picture is too large");
  }
  return {
    url: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`,
    width: sizeOf(width),
    height: sizeOf(height),
  };
}

function sizeOf(value: unknown): number {
  if (typeof value !== "number" || !(value > 0 && value <= MAX_PIXELS)) {
    throw new Error("the picture is too large");
  }
  return Math.ceil(value);
}
