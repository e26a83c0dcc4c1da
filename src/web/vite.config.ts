// Builds the chat page into dist/web; `npm run dev:web` serves it from src, beside a server on its usual port.

import path from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const SERVER = "http://127.0.0.1:8080";

export default defineConfig({
  root: import.meta.dirname,
  base: "./",
  plugins: [react()],
  // Licenses of what is bundled are listed beside it.
  build: {
    outDir: path.join(import.meta.dirname, "../../dist/web"),
    emptyOutDir: true,
    target: "baseline-widely-available",
    assetsInlineLimit: 0, // the page's rules allow no inline script
    license: { fileName: "licenses.md" },
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/v1": SERVER, "/ready": SERVER } },
});
