// Builds the chat page into dist/web. `npm run dev:web` serves it from src and forwards API calls to a local server.

import path from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";
import { pageFiles } from "./offline/page-files-plugin.ts";

const SERVER = "http://127.0.0.1:8080";

export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  plugins: [
    react(),
    onlyWoff2(),
    pageFiles(["markdown", "settings-panel", "export", "export-markdown"]),
  ],
  build: {
    outDir: path.join(import.meta.dirname, "../../dist/web"),
    emptyOutDir: true,
    target: "baseline-widely-available",
    assetsInlineLimit: 0, // the content security policy allows no inline assets
    license: { fileName: "licenses.md" },
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: {
        index: path.join(import.meta.dirname, "index.html"),
        "service-worker": path.join(import.meta.dirname, "offline/service-worker.ts"),
      },
      output: {
        // What several parts of the page use is one file. Otherwise the page starts with 16 small ones, 6 KB more in all.
        codeSplitting: {
          groups: [{ name: "shared", test: /src\/web|react|jsonc/, minShareCount: 2, minSize: 0 }],
        },
        entryFileNames: ({ name }) =>
          name === "service-worker" ? "service-worker.js" : "assets/[name]-[hash].js",
      },
    },
  },
  server: { proxy: { "/v1": SERVER, "/ready": SERVER } },
});

/** KaTeX also offers its fonts in older formats, which no supported browser needs. */
function onlyWoff2(): Plugin {
  return {
    name: "only-woff2",
    enforce: "pre",
    transform: (code, id) =>
      /katex.*\.css$/.test(id)
        ? code.replace(/,url\([^)]*\) format\("(?:woff|truetype)"\)/g, "")
        : null,
  };
}
