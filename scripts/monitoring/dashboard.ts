// Writes deploy/grafana-dashboard.json, for Grafana 10 and newer. Called by write-docs.ts.

import { PANEL_ROWS, type Panel } from "./panels.ts";
import { series } from "./series.ts";

const SCHEMA_VERSION = 39;
/** Of the 24 columns of a dashboard. */
const PANEL_WIDTH = 8;
const PANELS_IN_A_LINE = 3;
const PANEL_HEIGHT = 8;
const DATA_SOURCE = { type: "prometheus", uid: "$datasource" };

export function dashboardFile(): string {
  const dashboard = {
    uid: "sluice",
    title: "Sluice",
    tags: ["sluice"],
    description: "Written by `npm run docs` from scripts/monitoring/panels.ts.",
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    editable: true,
    graphTooltip: 1,
    refresh: "30s",
    time: { from: "now-1h", to: "now" },
    templating: { list: [dataSourceVariable(), ...labelVariables()] },
    annotations: { list: [] },
    panels: panels(),
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

function dataSourceVariable() {
  return { name: "datasource", label: "Data source", type: "datasource", query: "prometheus" };
}

function labelVariables() {
  const ofInstance = ['instance=~"$instance"'];
  return [
    labelVariable("instance", series("slots_busy")),
    labelVariable("model", series("model_slots", {}, ofInstance)),
    labelVariable("key", series("key_requests_total", {}, ofInstance)),
  ];
}

function labelVariable(label: string, from: string) {
  return {
    name: label,
    type: "query",
    datasource: DATA_SOURCE,
    query: { query: `label_values(${from}, ${label})`, refId: label },
    refresh: 2, // when the time range changes
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: ".*", // also series without the label
    current: { text: "All", value: "$__all" },
  };
}

function panels() {
  let id = 0;
  let y = 0;
  return Object.entries(PANEL_ROWS).flatMap(([title, row]) => {
    id += 1;
    const header = { id, type: "row", title, collapsed: false, panels: [] };
    const placed = [{ ...header, gridPos: { h: 1, w: 24, x: 0, y } }];
    y += 1;
    const members = row.map((panel, index) => {
      id += 1;
      const line = Math.floor(index / PANELS_IN_A_LINE);
      const x = (index % PANELS_IN_A_LINE) * PANEL_WIDTH;
      const gridPos = { h: PANEL_HEIGHT, w: PANEL_WIDTH, x, y: y + line * PANEL_HEIGHT };
      return { id, ...timeSeries(panel), gridPos };
    });
    y += Math.ceil(row.length / PANELS_IN_A_LINE) * PANEL_HEIGHT;
    return [...placed, ...members];
  });
}

function timeSeries({ title, unit, queries, isStacked = false }: Panel) {
  const custom = isStacked ? { stacking: { mode: "normal" }, fillOpacity: 30 } : { fillOpacity: 5 };
  return {
    type: "timeseries",
    title,
    datasource: DATA_SOURCE,
    fieldConfig: { defaults: { unit, min: 0, custom }, overrides: [] },
    options: {
      legend: { displayMode: "list", placement: "bottom" },
      tooltip: { mode: "multi", sort: "desc" },
    },
    targets: Object.entries(queries).map(([legendFormat, expr], index) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + index),
      datasource: DATA_SOURCE,
      expr,
      legendFormat,
    })),
  };
}
