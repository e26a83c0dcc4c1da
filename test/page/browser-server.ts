// Before the page tests: starts the one Chromium that all their files share. Runs in vitest's main process.

import { chromium } from "playwright-core";
import type { TestProject } from "vitest/node";
import { CHROMIUM } from "../support/clients/browser.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** WebSocket address of the browser; empty if there is no Chromium, and then the tests are skipped. */
    browserAddress: string;
  }
}

/** @returns the teardown */
export default async function startBrowserServer(project: TestProject) {
  if (CHROMIUM === null) return project.provide("browserAddress", "");
  const server = await chromium.launchServer({
    executablePath: CHROMIUM,
    args: ["--no-sandbox"],
  });
  project.provide("browserAddress", server.wsEndpoint());
  return () => server.close();
}
