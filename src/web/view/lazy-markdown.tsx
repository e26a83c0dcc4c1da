// The Markdown renderer is a file of its own, which is fetched while the page is already there. An answer must not be lost
// because that fetch was: it is tried again, and until then, or for good, its text stands as it came.

type MarkdownProps = { readonly text: string; readonly isStreaming: boolean };

const WAITS_MS = [250, 500, 1_000, 2_000, 4_000, 8_000];

export const markdown = load();

async function load() {
  for (const waitMs of WAITS_MS) {
    try {
      return (await import("../markdown/markdown.tsx")).Markdown;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
  return PlainText;
}

function PlainText({ text }: MarkdownProps) {
  return <div className="answer-plain">{text}</div>;
}
