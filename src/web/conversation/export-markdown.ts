// A conversation as Markdown, to be read by people.

import {
  type Answer,
  type ChatSettings,
  type Conversation,
  DEFAULT_SETTINGS,
  hasEnded,
  type Numbers,
  type ToolCall,
  type Turn,
} from "./conversation.ts";

const LABELS: { readonly [name in keyof ChatSettings]: string } = {
  ...{ model: "Model", system: "System prompt", temperature: "Temperature", topP: "Top P" },
  ...{ maxTokens: "Most tokens", seed: "Seed", stop: "Stop strings", jsonSchema: "JSON schema" },
  tools: "Tools",
};
const LONG: readonly string[] = ["system", "jsonSchema", "tools"];

/** Title, settings that are not the default, questions and answers with their thoughts, calls and numbers. */
export function toMarkdown(conversation: Conversation): string {
  const { title, settings, turns } = conversation;
  const heading = `# ${title === "" ? "Conversation" : title.replace(/\s+/g, " ")}`;
  const blocks = [heading, ...settingBlocks(settings), ...turns.flatMap(turnBlocks)];
  return `${blocks.join("\n\n")}\n`;
}

function settingBlocks(settings: ChatSettings): readonly string[] {
  const names = Object.keys(LABELS) as readonly (keyof ChatSettings)[]; // LABELS has no others
  const changed = names.filter(
    (name) => JSON.stringify(settings[name]) !== JSON.stringify(DEFAULT_SETTINGS[name]),
  );
  const short = changed.filter((name) => !LONG.includes(name));
  const list = short.map((name) => `- ${LABELS[name]}: ${shown(settings[name])}`).join("\n");
  const long = changed.filter((name) => LONG.includes(name));
  const blocks = long.map((name) => `${LABELS[name]}:\n\n${fenced(`${settings[name]}`, "")}`);
  return [...(list === "" ? [] : [list]), ...blocks];
}

function shown(value: ChatSettings[keyof ChatSettings]): string {
  if (value === null) return "the server's own";
  return typeof value === "object"
    ? value.map((each) => code(JSON.stringify(each))).join(", ")
    : `${value}`;
}

function turnBlocks(turn: Turn): readonly string[] {
  switch (turn.kind) {
    case "question":
      return ["## Question", closed(turn.text)];
    case "tool-result":
      return [`## Result of ${code(turn.name)}`, fenced(turn.text, "")];
    case "answer":
      return answerBlocks(turn);
  }
}

function answerBlocks(answer: Answer): readonly string[] {
  const { model, thoughts, text, calls, numbers } = answer;
  const note = noteOf(answer);
  return [
    model === null ? "## Answer" : `## Answer of ${code(model)}`,
    ...(thoughts.trim() === "" ? [] : [thoughtsBlock(answer)]),
    ...(text.trim() === "" ? [] : [closed(text)]),
    ...calls.map(callBlock),
    ...(note === null ? [] : [`*${note}*`]),
    ...(numbers ? [numbersLine(numbers)] : []),
  ];
}

function thoughtsBlock({ thoughts, thoughtMs }: Answer): string {
  const time = thoughtMs === null ? "" : ` (${seconds(thoughtMs)})`;
  const inside = closed(thoughts.replace(/<(?=\/?details)/gi, "&lt;"));
  return `<details>\n<summary>Thoughts${time}</summary>\n\n${inside}\n\n</details>`;
}

function callBlock({ name, arguments: given }: ToolCall): string {
  return `Calls ${code(name)}:\n\n${fenced(pretty(given), "json")}`;
}

/** A call that was cut off is no JSON, and stays as it is. */
function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function noteOf(answer: Answer): string | null {
  const { phase, failure, finishReason } = answer;
  if (phase.type === "failed")
    return failure
      ? `Failed: ${failure.message.replace(/\s+/g, " ")} (${failure.code})`
      : "Failed.";
  if (phase.type === "stopped") return "Stopped.";
  if (!hasEnded(answer)) return "Not finished.";
  return finishReason === "length" ? "Cut off at the token limit." : null;
}

function numbersLine(numbers: Numbers): string {
  const { promptTokens, cachedTokens, generatedTokens, firstTokenMs, totalMs, seed } = numbers;
  const facts = [
    `${promptTokens} tokens read (${cachedTokens} cached)`,
    `${generatedTokens} written`,
    ...(firstTokenMs === null ? [] : [`first after ${seconds(firstTokenMs)}`]),
    `${seconds(totalMs)} in all`,
    ...(seed === null ? [] : [`seed ${seed}`]),
  ];
  return `<sub>${facts.join(" · ")}</sub>`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 1000 ? 2 : 1)} s`;
}

function code(text: string): string {
  const marks = "`".repeat(longestRun(text) + 1);
  const space = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return `${marks}${space}${text}${space}${marks}`;
}

/** With a fence that nothing in the text ends. */
function fenced(text: string, language: string): string {
  const fence = "`".repeat(Math.max(3, longestRun(text) + 1));
  return `${fence}${language}\n${text}\n${fence}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map(({ length }) => length));
}

/** An answer that was stopped within a code block would swallow all that follows. */
function closed(text: string): string {
  let open: string | null = null;
  for (const line of text.split("\n")) {
    const [, fence = "", rest = ""] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (fence === "") continue;
    if (open === null) open = fence.startsWith("`") && rest.includes("`") ? null : fence;
    else if (fence.startsWith(open) && rest.trim() === "") open = null;
  }
  const trimmed = text.trimEnd();
  return open === null ? trimmed : `${trimmed}\n${open}`;
}
