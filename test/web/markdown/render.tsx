// Renders Markdown as the page does, and for comparison without splitting it into blocks.

import { act, type ReactElement } from "react";
import { createRoot } from "react-dom/client";
import { expect, vi } from "vitest";
import { Block } from "../../../src/web/markdown/block.tsx";
import { Markdown, TypedMarkdown } from "../../../src/web/markdown/markdown.tsx";

Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });

export type View = {
  /** Renders the text, as the page does for every delta. */
  readonly show: (text: string, isStreaming: boolean) => void;
  /** The element that contains all blocks. */
  readonly element: () => Element;
  readonly close: () => void;
};

export function openView(): View {
  return open((text, isStreaming) => <Markdown text={text} isStreaming={isStreaming} />);
}

/** Shows a text as a question. */
export function openTyped(text: string): View {
  const view = open((shown) => <TypedMarkdown text={shown} />);
  view.show(text, false);
  return view;
}

function open(elementFor: (text: string, isStreaming: boolean) => ReactElement): View {
  const container = document.createElement("div");
  document.body.append(container);
  const root = createRoot(container);
  return {
    show: (text, isStreaming) => act(() => root.render(elementFor(text, isStreaming))),
    element: () => container.children[0] ?? container,
    close: () => {
      act(() => root.unmount());
      container.remove();
    },
  };
}

/** Afterwards, views highlight code at once. Without it, the first view with code does so a moment later. */
export function loadHighlighter(): Promise<void> {
  return loadBy(
    "```js\nlet a;\n```",
    "hljs-keyword",
    () => import("../../../src/web/markdown/highlight.ts"),
  );
}

/** Afterwards, views typeset formulas at once. */
export function loadTypesetter(): Promise<void> {
  return loadBy("$x$", "katex-html", () => import("../../../src/web/markdown/maths/typeset.ts"));
}

/** @param load the same import as in the view, so that the resulting updates happen inside `act` */
async function loadBy(text: string, sign: string, load: () => Promise<unknown>): Promise<void> {
  const view = openView();
  view.show(text, false);
  await act(async () => {
    await load();
  });
  await vi.waitFor(() => expect(view.element().innerHTML).toContain(sign));
  view.close();
}

/** Renders the whole text at once. */
export function renderWhole(text: string): string {
  return render(<Markdown text={text} isStreaming={false} />);
}

/** Renders the whole text as one block, as the reference for splitting. */
export function renderUnsplit(text: string): string {
  return render(
    <div className="markdown">
      <Block text={text} isLive={false} />
    </div>,
  );
}

function render(element: ReactElement): string {
  const container = document.createElement("div");
  const root = createRoot(container);
  act(() => root.render(element));
  const html = container.innerHTML;
  act(() => root.unmount());
  return html;
}
