// Writes a conversation as Markdown for people to read.

import {
  type AnswerStatistics,
  type ChatAnswer,
  type ChatQuestion,
  type ChatSettings,
  type ChatToolCall,
  type ChatTurn,
  type Conversation,
  DEFAULT_SETTINGS,
  hasEnded,
} from "./conversation.ts";
import { indented } from "./json-text.ts";
import { fileLabel } from "./question-content.ts";
import { isSameValue, type SettingValue } from "./settings/changed-settings.ts";

const LABELS: { readonly [name in keyof ChatSettings]-?: string } = {
  model: "Model",
  system: "System prompt",
  temperature: "Temperature",
  topP: "Top p",
  topK: "Top k",
  minP: "Min p",
  repeatPenalty: "Repeat penalty",
  presencePenalty: "Presence penalty",
  frequencyPenalty: "Frequency penalty",
  penaltyTokens: "Penalty window",
  maxTokens: "Max tokens",
  minTokens: "Min tokens",
  seed: "Seed",
  reasoningEffort: "Reasoning effort",
  reasoningTokens: "Reasoning limit",
  stop: "Stop strings",
  jsonSchema: "JSON schema",
  tools: "Tools",
  logitBias: "Logit bias",
};
const LONG_SETTINGS: readonly string[] = ["system", "jsonSchema", "tools", "logitBias"];

/** Includes the changed settings and, for each answer, its reasoning, tool calls and statistics. */
export function toMarkdown(conversation: Conversation): string {
  const { title, settings, turns } = conversation;
  const heading = `# ${title === "" ? "Conversation" : title.replace(/\s+/g, " ")}`;
  const blocks = [heading, ...settingBlocks(settings), ...turns.flatMap(turnBlocks)];
  return `${blocks.join("\n\n")}\n`;
}

function settingBlocks(settings: ChatSettings): readonly string[] {
  const names = Object.keys(LABELS) as readonly (keyof ChatSettings)[]; // LABELS has no others
  const changed = names.filter((name) => !isSameValue(settings[name], DEFAULT_SETTINGS[name]));
  const short = changed.filter((name) => !LONG_SETTINGS.includes(name));
  const list = short.map((name) => `- ${LABELS[name]}: ${inline(settings[name])}`).join("\n");
  const long = changed.filter((name) => LONG_SETTINGS.includes(name));
  const blocks = long.map((name) => `${LABELS[name]}:\n\n${fenced(`${settings[name]}`, "")}`);
  return [...(list === "" ? [] : [list]), ...blocks];
}

function inline(value: SettingValue): string {
  if (value === null || value === undefined) return "server default";
  return typeof value === "object"
    ? value.map((each) => code(JSON.stringify(each))).join(", ")
    : `${value}`;
}

function turnBlocks(turn: ChatTurn): readonly string[] {
  switch (turn.kind) {
    case "question":
      return ["## Question", ...fileBlocks(turn), ...questionText(turn)];
    case "tool-result":
      return [`## Result of ${code(turn.name)}`, fenced(turn.text, "")];
    case "answer":
      return answerBlocks(turn);
  }
}

function questionText({ text }: ChatQuestion): readonly string[] {
  return text === "" ? [] : [withClosedFence(text)];
}

function fileBlocks({ files = [] }: ChatQuestion): readonly string[] {
  return files.map(({ name, text }) => `File ${code(fileLabel(name))}:\n\n${fenced(text, "")}`);
}

function answerBlocks(answer: ChatAnswer): readonly string[] {
  const { model, thoughts, text, calls, numbers } = answer;
  const note = noteOf(answer);
  return [
    model === null ? "## Answer" : `## Answer from ${code(model)}`,
    ...(thoughts.trim() === "" ? [] : [reasoningBlock(answer)]),
    ...(text.trim() === "" ? [] : [withClosedFence(text)]),
    ...calls.map(toolCallBlock),
    ...(note === null ? [] : [`*${note}*`]),
    ...(numbers ? [statisticsLine(numbers)] : []),
  ];
}

function reasoningBlock({ thoughts, thoughtMs }: ChatAnswer): string {
  const time = thoughtMs === null ? "" : ` (${seconds(thoughtMs)})`;
  const inside = withClosedFence(thoughts.replace(/<(?=\/?details)/gi, "&lt;"));
  return `<details>\n<summary>Reasoning${time}</summary>\n\n${inside}\n\n</details>`;
}

function toolCallBlock({ name, arguments: json }: ChatToolCall): string {
  return `Tool call ${code(name)}:\n\n${fenced(indented(json), "json")}`;
}

function noteOf(answer: ChatAnswer): string | null {
  const { phase, failure, finishReason } = answer;
  if (phase.type === "failed")
    return failure
      ? `Failed: ${failure.message.replace(/\s+/g, " ")} (${failure.code})`
      : "Failed.";
  if (phase.type === "stopped") return "Stopped.";
  if (!hasEnded(answer)) return "Not finished.";
  return finishReason === "length" ? "Cut off at the token limit." : null;
}

function statisticsLine(statistics: AnswerStatistics): string {
  const { promptTokens, cachedTokens, generatedTokens, firstTokenMs, totalMs, seed } = statistics;
  const facts = [
    `${promptTokens} prompt tokens (${cachedTokens} cached)`,
    `${generatedTokens} generated`,
    ...(firstTokenMs === null ? [] : [`first token after ${seconds(firstTokenMs)}`]),
    `${seconds(totalMs)} in total`,
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

/** Uses a fence longer than any in the text. */
function fenced(text: string, language: string): string {
  const fence = "`".repeat(Math.max(3, longestRun(text) + 1));
  return `${fence}${language}\n${text}\n${fence}`;
}

function longestRun(text: string): number {
  const runs = text.match(/`+/g) ?? [];
  return runs.reduce((longest, { length }) => Math.max(longest, length), 0);
}

/** Closes a code block that a stopped answer left open, so that it does not swallow the following turns. */
function withClosedFence(text: string): string {
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
