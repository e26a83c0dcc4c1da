// Actions of a user on the chat page, and readings of the page, for any browser.

import { readConversations } from "../page/read-conversations.ts";
import { until } from "../support/start-service.ts";
import type { Tab } from "./browser.ts";

export async function openChat(tab: Tab, url: string): Promise<void> {
  await tab.open(url);
  await appears(tab, ".model-dot.is-ready");
}

export async function ask(tab: Tab, text: string): Promise<void> {
  await tab.type('[aria-label="Message"]', text);
  await tab.press("Enter");
}

/** The same answer each time, and room for a long one. */
export async function setUpLongAnswer(tab: Tab): Promise<void> {
  await openPanel(tab, "Chat settings");
  await tab.type(await fieldOf(tab, "Temperature"), "0");
  await tab.type(await fieldOf(tab, "Max tokens"), "1500");
  await tab.click('dialog [aria-label="Close"]');
}

/** Opens the settings, or one of the panels in the menu of the developer tools. */
export async function openPanel(tab: Tab, name: string): Promise<void> {
  if (name === "Chat settings") await tab.click(`[aria-label="${name}"]`);
  else {
    await tab.click('[aria-label="Developer tools"]');
    await appears(tab, "[role=menuitem]");
    await tab.run((wanted) => {
      const items = [...document.querySelectorAll<HTMLElement>("[role=menuitem]")];
      items.find(({ textContent }) => textContent === wanted)?.click();
    }, name);
  }
  await appears(tab, "dialog[open]");
}

async function fieldOf(tab: Tab, label: string): Promise<string> {
  const id = await tab.run((wanted) => {
    const labels = [...document.querySelectorAll("label")];
    return labels.find(({ textContent }) => textContent === wanted)?.htmlFor ?? "";
  }, label);
  return `[id="${id}"]`;
}

export async function appears(tab: Tab, selector: string): Promise<void> {
  await until(async () => (await countOf(tab, selector)) > 0, `${selector} appears`);
}

export async function disappears(tab: Tab, selector: string): Promise<void> {
  await until(async () => (await countOf(tab, selector)) === 0, `${selector} disappears`);
}

export function countOf(tab: Tab, selector: string): Promise<number> {
  return tab.run((wanted) => document.querySelectorAll(wanted).length, selector);
}

/** Text of the last matching element; empty if there is none. */
export function textOf(tab: Tab, selector: string): Promise<string> {
  return tab.run(
    (wanted) => [...document.querySelectorAll(wanted)].at(-1)?.textContent ?? "",
    selector,
  );
}

/** A computed property of the first matching element. */
export function styleOf(tab: Tab, selector: string, property: string): Promise<string> {
  return tab.run(
    (wanted, name) => {
      const element = document.querySelector(wanted);
      return element ? getComputedStyle(element).getPropertyValue(name) : "";
    },
    selector,
    property,
  );
}

export async function answerEnds(tab: Tab, phase = "done"): Promise<void> {
  await appears(tab, `.turn:last-child .answer[data-phase=${phase}]`);
}

/** Waits until this many characters of the last answer are readable. @throws Error if it has already ended */
export async function untilReadable(tab: Tab, characters: number): Promise<void> {
  const isReadable = async () => (await textOf(tab, ".answer .markdown")).length > characters;
  await until(isReadable, `${characters} characters are readable`);
  const phase = await tab.run(
    () => [...document.querySelectorAll<HTMLElement>(".answer")].at(-1)?.dataset.phase,
  );
  if (phase === "done" || phase === "failed") throw new Error(`the answer is ${phase} too early`);
}

/** The last answer of the newest conversation in the browser's storage. */
export async function storedText(tab: Tab): Promise<string> {
  const conversations = await tab.run(readConversations);
  const [newest] = [...conversations].sort((a, b) => b.updatedAtMs - a.updatedAtMs);
  const answer = newest?.turns.findLast((turn) => turn.kind === "answer");
  if (answer?.kind !== "answer") throw new Error("no answer is stored");
  return answer.text;
}
