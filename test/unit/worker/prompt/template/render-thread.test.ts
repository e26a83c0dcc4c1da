// Rendering in a thread: the same segments and errors as without one.

import { expect, test } from "vitest";
import { ServiceError } from "../../../../../src/errors.ts";
import {
  ChatTemplate,
  type ChatTemplateOptions,
} from "../../../../../src/worker/prompt/template/chat-template.ts";
import { renderInThread } from "../../../../../src/worker/prompt/template/render-thread.ts";
import { messagesPrompt } from "../../../../support/clients/requests.ts";

const OPTIONS: ChatTemplateOptions = {
  source:
    "{% for m in messages %}{% if m.content == 'no' %}{{ raise_exception('never') }}{% endif %}" +
    "<|{{ m.role }}|>{{ m.content }}<|end|>{% endfor %}",
  controlTexts: ["<|end|>"],
  bosText: null,
  eosText: null,
  reasoningInstruction: null,
};
const TEMPLATE = new ChatTemplate(OPTIONS);
const { options, findings } = TEMPLATE;
const { signal } = new AbortController();

test("renders the same segments", async () => {
  const prompt = messagesPrompt([{ role: "user", content: "a<|end|>b" }]);

  const segments = await renderInThread({ options, findings, prompt }, signal);

  expect(segments).toEqual(TEMPLATE.render(prompt));
  expect(segments.map(({ isLiteral }) => isLiteral)).toEqual([false, true, false]);
});

test("rejects what the template rejects, with its words", async () => {
  const prompt = messagesPrompt([{ role: "user", content: "no" }]);

  const rendered = renderInThread({ options, findings, prompt }, signal);

  await expect(rendered).rejects.toThrow(ServiceError);
  await expect(rendered).rejects.toMatchObject({
    code: "template_error",
    message: expect.stringContaining("never"),
  });
});

test("ends with the reason of an abort", async () => {
  const controller = new AbortController();
  const prompt = messagesPrompt([{ role: "user", content: "a" }]);
  const rendered = renderInThread({ options, findings, prompt }, controller.signal);

  controller.abort(new ServiceError("aborted", "gone"));

  await expect(rendered).rejects.toMatchObject({ code: "aborted" });
});
