// Loads the Markdown renderer, a separate file that is fetched after the page is shown. The fetch is retried. Until it
// succeeds, and if it never does, answers are shown as plain text.

type MarkdownProps = { readonly text: string; readonly isStreaming: boolean };

const WAITS_MS = [250, 500, 1_000, 2_000, 4_000, 8_000];

export const markdown = load();

async function load() {
  for (const waitMs of WAITS_MS) {
    try {
      return (await import("../../markdown/markdown.tsx")).Markdown;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
  return PlainText;
}

function PlainText({ text }: MarkdownProps) {
  return <div className="answer-plain">{text}</div>;
}
