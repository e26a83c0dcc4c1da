// Actions on a conversation while its answer streams.

import { afterEach, expect, test, vi } from "vitest";
import { setNamedByModel } from "../../../src/web/browser/chat-naming.ts";
import { ChatStore } from "../../../src/web/chat/chat-store.ts";
import { Server } from "../../../src/web/client/server.ts";
import type { ChatAnswer } from "../../../src/web/conversation/conversation.ts";
import { openStorage } from "../../../src/web/conversation/storage.ts";

afterEach(() => vi.unstubAllGlobals());

type Sent = { readonly method: string; readonly url: string; readonly question: string };

/** A server whose answers contain one delta and then never end by themselves. */
function endlessServer() {
  const sent: Sent[] = [];
  vi.stubGlobal("fetch", async (url: URL, init: RequestInit) => {
    const body = init.body ? JSON.parse(String(init.body)) : { messages: [] };
    sent.push({
      method: init.method ?? "",
      url: url.pathname,
      question: body.messages.at(-1)?.content ?? "",
    });
    if (init.method === "DELETE") return new Response(null, { status: 204 });
    const text = `piece ${sent.filter(({ method }) => method === "POST").length}`;
    const chunk = { model: "m", choices: [{ delta: { content: text }, finish_reason: null }] };
    const stream = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(`id: 0\ndata: ${JSON.stringify(chunk)}\n\n`));
        init.signal?.addEventListener("abort", () => controller.error(init.signal?.reason));
      },
    });
    const location = `/v1/streams/s${sent.length}?token=t`;
    return new Response(stream, { headers: { location } });
  });
  const questions = () =>
    sent.filter(({ method }) => method === "POST").map(({ question }) => question);
  return { sent, questions };
}

async function chatting() {
  const server = new Server("http://here/", () => null);
  const store = new ChatStore({ server, storage: await openStorage(), tools: () => [] });
  const id = store.get().currentId;
  const turns = () => store.get().conversations.find((each) => each.id === id)?.turns ?? [];
  const answers = () => turns().filter((turn): turn is ChatAnswer => turn.kind === "answer");
  const isWriting = (text: string) =>
    vi.waitFor(() => expect(answers().at(-1)?.text).toBe(text), { timeout: 10_000 });
  return { store, id, turns, answers, isWriting };
}

test("an edited question is sent while its answer still streams", async () => {
  const { sent, questions } = endlessServer();
  const { store, id, turns, answers, isWriting } = await chatting();
  store.ask(id, "first");
  await isWriting("piece 1");

  store.edit(id, turns()[0]?.id ?? "", "second");
  await isWriting("piece 2");

  expect(questions()).toEqual(["first", "second"]);
  expect(answers()).toHaveLength(1);
  expect(sent.map(({ method }) => method)).toContain("DELETE");
});

test("an answer can be regenerated while it still streams", async () => {
  const { questions } = endlessServer();
  const { store, id, answers, isWriting } = await chatting();
  store.ask(id, "question");
  await isWriting("piece 1");

  store.regenerate(id, answers()[0]?.id ?? "");
  await isWriting("piece 2");

  expect(questions()).toEqual(["question", "question"]);
  expect(answers()).toHaveLength(1);
});

test("a stopped answer keeps its text, and the next question can be sent at once", async () => {
  const { questions } = endlessServer();
  const { store, id, answers, isWriting } = await chatting();
  store.ask(id, "first");
  await isWriting("piece 1");

  store.stop(id);
  expect(store.isAnswering(id)).toBe(false);
  expect(answers().map(({ text, phase }) => [text, phase.type])).toEqual([["piece 1", "stopped"]]);
  store.ask(id, "second");
  await isWriting("piece 2");

  expect(questions()).toEqual(["first", "second"]);
  expect(answers().map(({ text }) => text)).toEqual(["piece 1", "piece 2"]);
});

test("another version is shown once no answer streams, and a question there is answered with its turns", async () => {
  const { questions } = endlessServer();
  const { store, id, turns, answers, isWriting } = await chatting();
  store.ask(id, "first");
  await isWriting("piece 1");
  const firstId = answers()[0]?.id ?? "";
  store.regenerate(id, firstId);
  await isWriting("piece 2");

  store.showVersion(id, firstId);
  expect(answers().map(({ text }) => text)).toEqual(["piece 2"]);
  store.stop(id);
  store.showVersion(id, firstId);
  expect(answers().map(({ text, phase }) => [text, phase.type])).toEqual([["piece 1", "stopped"]]);
  store.ask(id, "second");
  await isWriting("piece 3");

  expect(questions()).toEqual(["first", "first", "second"]);
  expect(turns()).toHaveLength(4);
});

/** A server that loses every stream after its text, and knows none of them when asked for the rest. */
function forgetfulServer(texts: readonly string[]) {
  const bodies: { messages: { role: string; content: string }[] }[] = [];
  vi.stubGlobal("fetch", async (_url: URL, init: RequestInit) => {
    if (init.method !== "POST") {
      const error = { code: "not_found", message: "no such stream" };
      return Response.json({ error }, { status: 404 });
    }
    const text = texts[bodies.length] ?? "";
    bodies.push(JSON.parse(String(init.body)));
    const chunk = { model: "m", choices: [{ delta: { content: text }, finish_reason: null }] };
    const frame = text === "" ? "" : `id: 0\ndata: ${JSON.stringify(chunk)}\n\n`;
    const isLast = bodies.length === texts.length;
    const headers = { location: `/v1/streams/s${bodies.length}?token=t` };
    return new Response(isLast ? `${frame}id: 1\ndata: [DONE]\n\n` : frame, { headers });
  });
  return bodies;
}

test.each([
  { texts: ["one ", "two"], text: "one two", asked: ["q", "one "] },
  { texts: ["", "one"], text: "one", asked: ["q", "q"] },
])("an answer whose stream the server has lost continues by itself after $asked", async (each) => {
  const bodies = forgetfulServer(each.texts);
  const { store, id, answers } = await chatting();

  store.ask(id, "q");

  await vi.waitFor(() => expect(answers().at(-1)?.phase.type).toBe("done"), { timeout: 10_000 });
  expect(answers().map(({ text }) => text)).toEqual([each.text]);
  expect(bodies.map(({ messages }) => messages.at(-1)?.content)).toEqual(each.asked);
});

test("an answer whose streams are lost again and again fails and keeps its text", async () => {
  const bodies = forgetfulServer(["a", "b", "c", "d"]);
  const { store, id, answers } = await chatting();

  store.ask(id, "q");

  await vi.waitFor(() => expect(answers().at(-1)?.failure?.code).toBe("not_found"), {
    timeout: 10_000,
  });
  expect(answers().map(({ text }) => text)).toEqual(["abc"]);
  expect(bodies).toHaveLength(3);
});

/** A server that answers with "An answer" and, when `giveTitle` is called, with a title. */
function namingServer() {
  let giveTitle = () => {};
  const titleRequests = { count: 0 };
  vi.stubGlobal("fetch", async (_url: URL, init: RequestInit) => {
    if (!JSON.parse(String(init.body)).stream) {
      titleRequests.count += 1;
      await new Promise<void>((resolve) => {
        giveTitle = resolve;
      });
      return Response.json({ choices: [{ message: { content: "By the model" } }] });
    }
    const chunk = { model: "m", choices: [{ delta: { content: "An answer" } }] };
    return new Response(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`);
  });
  return { titleRequests, giveTitle: () => giveTitle() };
}

test.each([
  { isOn: false, typed: null, requests: 0, title: "question" },
  { isOn: true, typed: null, requests: 1, title: "By the model" },
  { isOn: true, typed: "Mine", requests: 1, title: "Mine" },
])(
  "a chat is named by the model if that is on ($isOn), and typed titles stay ($typed)",
  async (each) => {
    setNamedByModel(each.isOn);
    const { titleRequests, giveTitle } = namingServer();
    const { store, id, answers } = await chatting();
    const title = () => store.get().conversations.find((chat) => chat.id === id)?.title;

    store.ask(id, "question");
    await vi.waitFor(() => expect(answers()[0]?.phase.type).toBe("done"), { timeout: 10_000 });
    expect(titleRequests.count).toBe(each.requests);
    if (each.typed !== null) store.rename(id, each.typed);
    giveTitle();

    await vi.waitFor(() => expect(title()).toBe(each.title));
    setNamedByModel(false);
  },
);
