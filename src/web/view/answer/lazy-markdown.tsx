// Loads the Markdown renderer, a separate file that is fetched after the page is shown. The fetch is retried. Until it
// succeeds, and if it never does, answers and questions are shown as plain text.

import { lazy } from "react";

const WAITS_MS = [250, 500, 1_000, 2_000, 4_000, 8_000];

const renderer = load();

export const Markdown = lazy(async () => ({ default: (await renderer).Markdown }));
export const TypedMarkdown = lazy(async () => ({ default: (await renderer).TypedMarkdown }));

async function load() {
  for (const waitMs of WAITS_MS) {
    try {
      return await import("../../markdown/markdown.tsx");
    } catch {
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
  return { Markdown: PlainText, TypedMarkdown: PlainText };
}

function PlainText({ text }: { readonly text: string }) {
  return <div className="answer-plain">{text}</div>;
}
