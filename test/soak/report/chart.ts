// Draws a run as an SVG chart: panels below each other with a common time axis.

export type Line = {
  readonly name: string;
  readonly color: string;
  /** Time in seconds and value; NaN without a measurement. */
  readonly points: readonly (readonly [number, number])[];
};

type Panel = { readonly title: string; readonly lines: readonly Line[] };

export type ChartOptions = {
  readonly panels: readonly Panel[];
  readonly seconds: number;
  /** Times to mark, in seconds. */
  readonly marks: readonly number[];
};

const WIDTH = 900;
const LEFT = 60;
const PANEL_HEIGHT = 150;
const PLOT_HEIGHT = 105;
const TOP = 24;

export function chart({ panels, seconds, marks }: ChartOptions): string {
  const x = (second: number) => LEFT + ((WIDTH - LEFT - 10) * second) / Math.max(seconds, 1);
  const height = panels.length * PANEL_HEIGHT + 20;
  const drawn = panels.map((panel, index) =>
    drawPanel(panel, index * PANEL_HEIGHT + TOP, { x, marks }),
  );
  const times = [0, 0.25, 0.5, 0.75, 1].map((share) =>
    text(x(seconds * share), height - 6, `${Math.round(seconds * share)} s`, "middle"),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    ...drawn.flat(),
    ...times,
    "</svg>\n",
  ].join("\n");
}

type Axis = { readonly x: (second: number) => number; readonly marks: readonly number[] };

function drawPanel({ title, lines }: Panel, top: number, { x, marks }: Axis): string[] {
  const most = Math.max(
    1,
    ...lines.flatMap(({ points }) => points.map(([, value]) => value)).filter(Number.isFinite),
  );
  const y = (value: number) => top + PLOT_HEIGHT * (1 - value / (most * 1.05));
  const bottom = top + PLOT_HEIGHT;
  return [
    text(LEFT, top - 8, title, "start"),
    ...lines.map(({ name, color }, index) =>
      text(WIDTH - 110 - index * 110, top - 8, name, "start", color),
    ),
    ...marks.map(
      (mark) =>
        `<path d="M${x(mark).toFixed(1)} ${top}V${bottom}" stroke="#ddd" stroke-dasharray="2 2"/>`,
    ),
    `<path d="M${LEFT} ${top}V${bottom}H${WIDTH - 10}" fill="none" stroke="#888"/>`,
    text(LEFT - 6, y(most) + 4, rounded(most), "end"),
    text(LEFT - 6, bottom, "0", "end"),
    ...lines.map(
      ({ color, points }) => `<path d="${pathOf(points, x, y)}" fill="none" stroke="${color}"/>`,
    ),
  ];
}

/** Leaves a gap where nothing was measured. */
function pathOf(points: Line["points"], x: Axis["x"], y: (value: number) => number): string {
  let isPenUp = true;
  return points
    .map(([second, value]) => {
      const command = isPenUp ? "M" : "L";
      isPenUp = !Number.isFinite(value);
      return isPenUp ? "" : `${command}${x(second).toFixed(1)} ${y(value).toFixed(1)}`;
    })
    .join("");
}

function text(x: number, y: number, content: string, anchor: string, color = "#333"): string {
  return `<text x="${x.toFixed(0)}" y="${y.toFixed(0)}" text-anchor="${anchor}" fill="${color}">${content}</text>`;
}

function rounded(value: number): string {
  return value >= 10 ? value.toFixed(0) : value.toFixed(1);
}
