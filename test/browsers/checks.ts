// Checks for every browser. Each check uses its own page in a fresh profile.

import { until } from "../support/start-service.ts";
import type { Tab } from "./browser.ts";
import {
  answerEnds,
  appears,
  ask,
  countOf,
  disappears,
  openChat,
  openPanel,
  setUpLongAnswer,
  storedText,
  styleOf,
  textOf,
  untilReadable,
} from "./chat-page.ts";
import type { Servers } from "./servers.ts";

export type Check = {
  readonly name: string;
  /** @throws Error if the check fails */
  readonly run: (tab: Tab, servers: Servers) => Promise<void>;
};

export const CHECKS: readonly Check[] = [
  { name: "loads without errors", run: loads },
  { name: "streams an answer", run: streams },
  { name: "stop frees the slot", run: stops },
  { name: "reconnects after disconnects", run: reconnectsAfterCuts },
  { name: "notices a silent connection", run: noticesSilence },
  { name: "continues after a reload", run: continuesAfterReload },
  { name: "renders Markdown and highlights code", run: rendersMarkdown },
  { name: "keeps conversations", run: keepsConversations },
  { name: "asks for the key", run: asksForKey },
  { name: "dialogs open and close", run: opensDialogs },
  { name: "compares both ways", run: compares },
  { name: "light and dark", run: changesColours },
  { name: "fits a narrow window", run: fitsNarrow },
];

async function loads(tab: Tab, { url }: Servers): Promise<void> {
  await openChat(tab, url);
  await appears(tab, ".suggestion");
  expectEqual("console errors", await tab.consoleErrors(), []);
}

async function startLongAnswer(tab: Tab, url: string, { question }: Servers): Promise<void> {
  await openChat(tab, url);
  await setUpLongAnswer(tab);
  await ask(tab, question);
  await untilReadable(tab, 20);
}

async function expectRightAnswer(tab: Tab, { answer }: Servers): Promise<void> {
  await answerEnds(tab);
  await until(async () => (await storedText(tab)) === answer, "the stored answer is right");
  expectEqual("the visible answer", (await textOf(tab, ".answer .markdown")).trim(), answer);
}

async function streams(tab: Tab, servers: Servers): Promise<void> {
  await startLongAnswer(tab, servers.url, servers);
  await expectRightAnswer(tab, servers);
  expectEqual("console errors", await tab.consoleErrors(), []);
}

async function stops(tab: Tab, servers: Servers): Promise<void> {
  await startLongAnswer(tab, servers.url, servers);
  expectEqual("busy slots", await servers.slotsBusy(), 1);
  await tab.press("Escape");
  await answerEnds(tab, "stopped");
  await until(async () => (await servers.slotsBusy()) === 0, "its slot is free");
  const text = await storedText(tab);
  if (!servers.answer.startsWith(text) || text === servers.answer)
    throw new Error(`the stored text ends with ${text.slice(-40)}`);
}

async function reconnectsAfterCuts(tab: Tab, servers: Servers): Promise<void> {
  await startLongAnswer(tab, servers.proxy.url, servers);
  for (const characters of [20, 300, 900]) {
    await untilReadable(tab, characters);
    servers.proxy.cut();
  }
  await expectRightAnswer(tab, servers);
}

async function noticesSilence(tab: Tab, servers: Servers): Promise<void> {
  await startLongAnswer(tab, servers.proxy.url, servers);
  servers.proxy.hush();
  await until(
    async () => (await textOf(tab, ".phase-line")).includes("Reconnecting"),
    "it is noticed",
  );
  await expectRightAnswer(tab, servers);
}

async function continuesAfterReload(tab: Tab, servers: Servers): Promise<void> {
  await startLongAnswer(tab, servers.url, servers);
  await untilReadable(tab, 100);
  await tab.reload();
  await expectRightAnswer(tab, servers);
}

async function rendersMarkdown(tab: Tab, { url }: Servers): Promise<void> {
  await openChat(tab, url);
  await setUpLongAnswer(tab);
  await ask(tab, "How do I stream with Python?");
  await answerEnds(tab);
  await appears(tab, ".code-block .hljs-keyword");
  const plain = await styleOf(tab, ".code-block code", "color");
  if ((await styleOf(tab, ".code-block .hljs-keyword", "color")) === plain)
    throw new Error("a keyword has the same colour as other code");
  await tab.click(".new-chat");
  await setUpLongAnswer(tab);
  await ask(tab, "Make a table of the squares from 1 to 6.");
  await until(async () => (await countOf(tab, ".markdown td")) === 12, "a table has 12 cells");
}

async function keepsConversations(tab: Tab, { url }: Servers): Promise<void> {
  await openChat(tab, url);
  await ask(tab, "Who are you?");
  await answerEnds(tab);
  const read = () => textOf(tab, ".answer .markdown");
  await until(async () => (await read()) === (await storedText(tab)), "the whole answer is stored");
  const text = await read();
  await tab.reload();
  await appears(tab, ".answer .markdown");
  await until(async () => (await read()) === text, "the answer is shown again");
  expectEqual("the list", await textOf(tab, ".conversation-title"), "Who are you?");
  expectEqual("notices", await textOf(tab, ".notice"), "");
}

async function asksForKey(tab: Tab, { urlWithKey, key }: Servers): Promise<void> {
  await tab.open(urlWithKey);
  await appears(tab, "dialog[open] input[type=password]");
  await tab.type("dialog input[type=password]", "a wrong key");
  await tab.press("Enter");
  await until(
    async () => (await textOf(tab, "dialog p")).includes("rejected"),
    "the wrong key is reported",
  );
  await tab.type("dialog input[type=password]", key);
  await tab.press("Enter");
  await disappears(tab, "dialog[open]");
  await appears(tab, ".model-dot.is-ready");
  await ask(tab, "Who are you?");
  await answerEnds(tab);
}

async function opensDialogs(tab: Tab, { url }: Servers): Promise<void> {
  await openChat(tab, url);
  for (const name of ["Chat settings", "Show request", "Compare streamed and buffered"]) {
    await openPanel(tab, name);
    const isInside = await tab.run(() => document.activeElement?.closest("dialog") !== null);
    expectEqual(`the focus is in ${name}`, isInside, true);
    await tab.press("Escape");
    await disappears(tab, "dialog[open]");
    await openPanel(tab, name);
    await tab.click('dialog [aria-label="Close"]');
    await disappears(tab, "dialog[open]");
  }
}

async function compares(tab: Tab, { url }: Servers): Promise<void> {
  await openChat(tab, url);
  await openPanel(tab, "Compare streamed and buffered");
  await tab.click(".compare-form button");
  await until(
    async () => (await countOf(tab, ".compare-side dd.is-running")) === 0,
    "both answers end",
  );
  const [streamed = "", buffered] = await tab.run(() =>
    [...document.querySelectorAll(".compare-text")].map(({ textContent }) => textContent),
  );
  expectEqual("both texts", streamed, buffered);
  if (streamed.length < 100) throw new Error(`the answer is ${streamed}`);
}

const BACKGROUNDS = { light: "rgb(255, 255, 255)", dark: "rgb(18, 24, 28)" } as const;

async function changesColours(tab: Tab, { url }: Servers): Promise<void> {
  await openChat(tab, url);
  const isDark = await tab.run(() => matchMedia("(prefers-color-scheme: dark)").matches);
  const background = () => styleOf(tab, "body", "background-color");
  expectEqual("the system's theme", await background(), BACKGROUNDS[isDark ? "dark" : "light"]);
  for (const theme of ["light", "dark"] as const) {
    await tab.click('[aria-label^="Theme:"]');
    expectEqual(theme, await background(), BACKGROUNDS[theme]);
  }
  await tab.reload();
  await appears(tab, ".suggestion");
  expectEqual("dark after a reload", await background(), BACKGROUNDS.dark);
}

async function fitsNarrow(tab: Tab, { url }: Servers): Promise<void> {
  await tab.narrow(390);
  await openChat(tab, url);
  if (!(await tab.run(() => innerWidth < 640))) throw new Error("the window stays wide");
  await fits(tab, "body");
  await fits(tab, ".empty-chat");
  await ask(tab, "How do I stream with Python?");
  await answerEnds(tab);
  await fits(tab, "body");
  await fits(tab, ".transcript");
}

/** Code and tables may scroll horizontally themselves; nothing else may. */
async function fits(tab: Tab, selector: string): Promise<void> {
  const beyond = await tab.run((wanted) => {
    const element = document.querySelector(wanted);
    return element ? element.scrollWidth - element.clientWidth : Number.POSITIVE_INFINITY;
  }, selector);
  if (beyond > 0) throw new Error(`${selector} is ${beyond} px too wide`);
}

function expectEqual<Value>(what: string, seen: Value, wanted: Value): void {
  const [left, right] = [JSON.stringify(seen), JSON.stringify(wanted)];
  if (left !== right) throw new Error(`${what}: ${shortened(left)} instead of ${shortened(right)}`);
}

function shortened(text: string | undefined): string {
  return text === undefined || text.length <= 200 ? String(text) : `${text.slice(0, 200)} ...`;
}
