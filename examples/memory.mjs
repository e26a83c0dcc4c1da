// A conversation with memory: earlier turns are sent with each question, and the oldest are dropped when they no longer fit.
// Run: node examples/memory.mjs
import assert from "node:assert/strict";
import OpenAI from "openai";

const url = process.env.SLUICE_URL ?? "http://127.0.0.1:8080";
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: process.env.SLUICE_API_KEY ?? "none" });
const model = process.env.SLUICE_MODEL ?? "builtin";

class Conversation {
  #turns = []; // [question, answer] pairs
  #maxTokens;

  constructor({ maxTokens }) {
    this.#maxTokens = maxTokens;
  }

  get length() {
    return this.#turns.length;
  }

  /** Streams the answer, and stores it once it is complete. */
  async *ask(content) {
    const question = { role: "user", content };
    await this.#dropOldest(question);
    const messages = [...this.#turns.flat(), question];
    const request = { model, messages, max_tokens: 80, temperature: 0, stream: true };
    let answer = "";
    for await (const chunk of await client.chat.completions.create(request)) {
      const text = chunk.choices[0]?.delta.content ?? "";
      answer += text;
      yield text;
    }
    this.#turns.push([question, { role: "assistant", content: answer }]);
  }

  async #dropOldest(question) {
    while (this.#turns.length > 0) {
      const messages = [...this.#turns.flat(), question];
      const body = { model, messages }; // the server counts with the model's template
      const { input_tokens } = await client.post("/chat/completions/input_tokens", { body });
      if (input_tokens <= this.#maxTokens) return;
      this.#turns.shift();
    }
  }
}

const conversation = new Conversation({ maxTokens: 120 });
await show("My name is Anna.");
const answer = await show("What is my name?");
assert.match(answer, /Anna/, "the conversation was forgotten");

for (let turn = 0; turn < 4; turn++) await show("What is streaming?");
console.log(`${conversation.length} of 6 turns still fit`);
assert(conversation.length < 6, "no turn was dropped");

async function show(question) {
  console.log(`> ${question}`);
  let answer = "";
  for await (const text of conversation.ask(question)) {
    process.stdout.write(text);
    answer += text;
  }
  console.log();
  return answer;
}
