// A client of the W3C WebDriver protocol (https://www.w3.org/TR/webdriver2/) with the few commands the checks need.

import { callOf, type Tab } from "./browser.ts";

type Session = {
  readonly version: string;
  readonly tab: Tab;
};

/** The protocol's key for a reference to an element. */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
const HEIGHT = 900;
const CONTROL = "\uE009";
const KEYS = { Enter: "\uE007", Escape: "\uE00C" } as const;

/** Opens a new browser with one page. */
export async function openSession(driverUrl: string): Promise<Session> {
  const begun = (await send(`${driverUrl}/session`, "POST", {
    capabilities: { alwaysMatch: {} },
  })) as { sessionId: string; capabilities: { browserVersion: string } };
  const url = `${driverUrl}/session/${begun.sessionId}`;
  const post = (path: string, body: object = {}) => send(`${url}/${path}`, "POST", body);
  await post("window/rect", { width: 1280, height: HEIGHT });
  return { version: begun.capabilities.browserVersion, tab: tabOf(url, post) };
}

type Post = (path: string, body?: object) => Promise<unknown>;

function tabOf(url: string, post: Post): Tab {
  const run: Tab["run"] = async (code, ...args) =>
    (await post("execute/sync", { script: `return ${callOf(code, args)}`, args: [] })) as never; // the function's own result
  return {
    run,
    open: async (address) => {
      await post("url", { url: address });
      await run(listen);
    },
    reload: async () => {
      await post("refresh");
      await run(listen);
    },
    click: async (selector) => {
      await post(`element/${await find(post, selector)}/click`);
    },
    type: async (selector, text) => {
      const id = await find(post, selector);
      await post(`element/${id}/click`);
      await selectAll(post);
      await post(`element/${id}/value`, { text });
    },
    press: (key) => press(post, KEYS[key]),
    narrow: async (width) => void (await post("window/rect", { width, height: HEIGHT })),
    consoleErrors: () => run(readConsoleErrors),
    close: async () => void (await send(url, "DELETE")),
  };
}

async function find(post: Post, selector: string): Promise<string> {
  const found = await post("element", { using: "css selector", value: selector });
  return (found as { [ELEMENT]: string })[ELEMENT];
}

async function press(post: Post, value: string): Promise<void> {
  await type(post, [
    { type: "keyDown", value },
    { type: "keyUp", value },
  ]);
}

async function selectAll(post: Post): Promise<void> {
  await type(post, [
    { type: "keyDown", value: CONTROL },
    { type: "keyDown", value: "a" },
    { type: "keyUp", value: "a" },
    { type: "keyUp", value: CONTROL },
  ]);
}

async function type(post: Post, actions: readonly object[]): Promise<void> {
  await post("actions", { actions: [{ type: "key", id: "keyboard", actions }] });
}

/** The protocol does not report a page's console, so the page records its errors after it was loaded. */
function listen(): void {
  const consoleErrors: string[] = [];
  Object.assign(window, { consoleErrors });
  addEventListener("error", (event) => consoleErrors.push(event.message));
  addEventListener("unhandledrejection", (event) => consoleErrors.push(String(event.reason)));
  console.error = (...words: unknown[]) => void consoleErrors.push(words.map(String).join(" "));
}

function readConsoleErrors(): string[] {
  return (window as unknown as { consoleErrors: string[] }).consoleErrors; // set by `listen`
}

async function send(url: string, method: "POST" | "DELETE", body?: object): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: { "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const { value } = (await response.json()) as { value: unknown };
  if (response.ok) return value;
  const { error, message } = value as { error: string; message: string };
  throw new Error(
    `${new URL(url).pathname.replace(/^.*?\/session\/[^/]*/, "")}: ${error}, ${message}`,
  );
}
