// Which tool calls run, and what the model is told.

import { expect, test, vi } from "vitest";
import { newAnswer } from "../../../src/web/chat/answer.ts";
import type { ChatStore } from "../../../src/web/chat/chat-store.ts";
import { ToolCalls } from "../../../src/web/chat/tool-calls.ts";
import type { ChatTurn, Conversation } from "../../../src/web/conversation/conversation.ts";
import { newConversation } from "../../../src/web/conversation/edits.ts";
import type { OfferedTool } from "../../../src/web/tools/offered-tools.ts";

const callOf = (id: string) => ({ id, name: "add", arguments: '{"a":1}' });

/** A chat whose last answer calls the tool, after so many such answers. */
function chatting({ isAllowed = false, rounds = 1 } = {}) {
  const question: ChatTurn = { kind: "question", id: "q", text: "Add" };
  const answers = Array.from({ length: rounds }, (_, index): ChatTurn[] => {
    const calls = [callOf(`call-${index + 1}`)];
    const answer: ChatTurn = { ...newAnswer(`a${index + 1}`, 0), phase: { type: "done" }, calls };
    const result = { kind: "tool-result", id: `r${index}`, callId: `call-${index + 1}` } as const;
    const isLast = index === rounds - 1;
    return isLast ? [answer] : [answer, { ...result, name: "add", text: "1" }];
  });
  let conversation: Conversation = {
    ...newConversation({ nowMs: 0, id: "c" }),
    turns: [question, ...answers.flat()],
  };
  const given: string[] = [];
  let answered: (conversation: Conversation) => void = () => {};
  const store = {
    onAnswered: (listener: typeof answered) => {
      answered = listener;
    },
    find: () => conversation,
    addToolResult: (_id: string, call: { id: string }, text: string) =>
      given.push(`${call.id}: ${text}`),
  } as unknown as ChatStore;
  const tool: OfferedTool = {
    name: "add",
    description: "",
    parameters: {},
    isAllowed,
    source: { type: "script", tool: { id: "t", name: "add" } as never },
  };
  const allow = vi.fn();
  const run = vi.fn(
    (_tool: OfferedTool, json: string, signal: AbortSignal) =>
      new Promise<string>((resolve, reject) => {
        if (json === "{}") signal.addEventListener("abort", () => reject(signal.reason));
        else resolve("2");
      }),
  );
  const box = { find: (name: string) => (name === "add" ? tool : null), allow };
  const calls = new ToolCalls({ store, box, runner: { run } });
  return {
    calls,
    given,
    run,
    allow,
    end: () => answered(conversation),
    show: (turns: readonly ChatTurn[]) => {
      conversation = { ...conversation, turns };
    },
  };
}

const later = () => new Promise((resolve) => setTimeout(resolve, 20));

test("a call waits for the user", async () => {
  const { end, calls, given, run, allow } = chatting();
  end();
  await later();
  expect(run).not.toHaveBeenCalled();

  calls.allow("c", callOf("call-1"), false);

  await vi.waitFor(() => expect(given).toEqual(["call-1: 2"]));
  expect(allow).not.toHaveBeenCalled();
});

test("a tool that is always allowed runs at once, but not after 20 answers with calls", async () => {
  const often = chatting({ isAllowed: true, rounds: 20 });
  often.end();
  await vi.waitFor(() => expect(often.given).toEqual(["call-20: 2"]));

  const tooOften = chatting({ isAllowed: true, rounds: 21 });
  tooOften.end();
  await later();
  expect(tooOften.run).not.toHaveBeenCalled();
});

test("a refused call tells the model so, and an always allowed one is remembered", async () => {
  const refused = chatting();
  refused.calls.refuse("c", callOf("call-1"));
  expect(refused.given).toEqual(["call-1: The user refused this call."]);

  const allowed = chatting();
  allowed.calls.allow("c", callOf("call-1"), true);
  await vi.waitFor(() => expect(allowed.given).toEqual(["call-1: 2"]));
  expect(allowed.allow).toHaveBeenCalledOnce();
});

test("a stopped call waits for the user again, and runs once however often it is allowed", async () => {
  const { calls, given, run } = chatting();
  const endless = { ...callOf("call-1"), arguments: "{}" };
  calls.allow("c", endless, false);
  calls.allow("c", endless, false);
  await vi.waitFor(() => expect(run).toHaveBeenCalledOnce());

  calls.stop("c");

  await vi.waitFor(() => expect(calls.get().size).toBe(0));
  expect(given).toEqual([]);
});

test("the result of a call that is not shown any more is dropped", async () => {
  const { calls, given, run, show } = chatting();
  run.mockImplementation(async () => {
    show([]); // another version of the conversation
    return "2";
  });
  calls.allow("c", callOf("call-1"), false);

  await vi.waitFor(() => expect(calls.get().size).toBe(0));
  expect(run).toHaveBeenCalledOnce();
  expect(given).toEqual([]);
});
