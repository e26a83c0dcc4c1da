// WebKitGTK's MiniBrowser through its driver, on a virtual display. It has Safari's engine.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser } from "./browser.ts";
import { openSession } from "./webdriver.ts";

const DRIVER_MS = 10_000;

type Programs = { readonly driver: string; readonly display: string };

export async function startWebKit({ driver, display }: Programs): Promise<Browser> {
  const screen = spawn(display, ["-displayfd", "1", "-screen", "0", "1400x1000x24"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const port = await freePort();
  const driving = spawn(driver, [`--port=${port}`], {
    env: { ...process.env, DISPLAY: `:${await firstLine(screen)}`, GDK_BACKEND: "x11" },
    stdio: "ignore",
  });
  const url = `http://127.0.0.1:${port}`;
  const close = async () => {
    await end(driving);
    await end(screen);
  };
  try {
    await untilListening(`${url}/status`);
    const { version, tab } = await openSession(url);
    await tab.close();
    const openTab = async () => (await openSession(url)).tab;
    return { name: "WebKitGTK", version, openTab, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  if (!stdout) throw new Error("the display has no output");
  for await (const line of createInterface({ input: stdout })) return line;
  throw new Error("the display ended at once");
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

async function untilListening(url: string): Promise<void> {
  const deadline = Date.now() + DRIVER_MS;
  for (;;) {
    try {
      await fetch(url);
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await sleep(50);
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill();
  await ended;
}
