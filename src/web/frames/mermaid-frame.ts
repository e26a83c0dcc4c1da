// The frame that draws diagrams. It has an origin of its own and no network (src/http/routes/page-frames.ts). Only the text of an SVG
// picture leaves it, which the page shows as an image.

import mermaid, { type MermaidConfig } from "mermaid";
import { serveFrame } from "./frame-server.ts";

export type DiagramQuestion = { readonly code: string; readonly isDark: boolean };
export type DiagramPicture = {
  readonly svg: string;
  /** In CSS pixels. */
  readonly width: number;
  readonly height: number;
};

/** The colours of base.css. */
const LIGHT = {
  background: "#ffffff",
  primaryColor: "#e3f2f5",
  primaryBorderColor: "#0c7489",
  primaryTextColor: "#16212a",
  lineColor: "#586670",
  noteBkgColor: "#fdf4dc",
  noteBorderColor: "#9a6700",
  noteTextColor: "#16212a",
};
const DARK = {
  background: "#12181c",
  primaryColor: "#14323a",
  primaryBorderColor: "#41bdd3",
  primaryTextColor: "#e3e9ec",
  lineColor: "#97a5ae",
  noteBkgColor: "#35290f",
  noteBorderColor: "#d29922",
  noteTextColor: "#e3e9ec",
};

const CONFIG: MermaidConfig = {
  startOnLoad: false,
  securityLevel: "strict",
  suppressErrorRendering: true,
  htmlLabels: false,
  flowchart: { htmlLabels: false },
  maxTextSize: 10_000,
  maxEdges: 200,
  theme: "base",
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  // A diagram's own directives cannot change these.
  secure: [
    ...["secure", "securityLevel", "startOnLoad", "maxTextSize", "maxEdges", "htmlLabels"],
    ...[
      "suppressErrorRendering",
      "theme",
      "themeCSS",
      "themeVariables",
      "fontFamily",
      "dompurifyConfig",
    ],
  ],
};

let drawn = 0;

serveFrame((question) => draw(question as DiagramQuestion));

async function draw({ code, isDark }: DiagramQuestion): Promise<DiagramPicture> {
  const themeVariables = { ...(isDark ? DARK : LIGHT), darkMode: isDark, fontSize: "15px" };
  mermaid.initialize({ ...CONFIG, themeVariables });
  const { svg } = await mermaid.render(`diagram-${++drawn}`, code);
  return withSize(svg);
}

/** An image needs its size in its root element. */
function withSize(text: string): DiagramPicture {
  const svg = new DOMParser().parseFromString(text, "text/html").querySelector("svg");
  const [, , width = 0, height = 0] = (svg?.getAttribute("viewBox") ?? "")
    .split(/[ ,]+/)
    .map(Number);
  if (!svg || !(width > 0 && height > 0)) throw new Error("the diagram is empty");
  svg.removeAttribute("style");
  svg.setAttribute("width", String(width));
  svg.setAttribute("height", String(height));
  return { svg: new XMLSerializer().serializeToString(svg), width, height };
}
