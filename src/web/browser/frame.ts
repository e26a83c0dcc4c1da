// Opens a hidden frame for work that the page itself must not do. The frame is a separate file with separate rights.

import { type FrameMessage, type FrameReply, GREETING } from "../frames/frame-server.ts";

export type FrameOptions = {
  /** The file `frames/NAME.html`, from `src/web/frames/NAME-frame.ts`. */
  readonly name: string;
  /** Whether the frame has its own origin, so that it cannot read the page's storage. */
  readonly isSandboxed: boolean;
  /** Whether its work measures text. Then it has a size, outside the screen; otherwise it is not laid out. */
  readonly needsLayout?: boolean;
  readonly onEvent?: (event: unknown) => void;
};

/** The frame has not answered within the time limit. */
export class FrameTimeout extends Error {}

export type AskOptions = { readonly timeoutMs: number; readonly signal?: AbortSignal };

type Waiting = {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
};

export class PageFrame {
  readonly #options: FrameOptions;
  readonly #waiting = new Map<number, Waiting>();
  #element: HTMLIFrameElement | null = null;
  #port: Promise<MessagePort> | null = null;
  #lastId = 0;

  constructor(options: FrameOptions) {
    this.#options = options;
  }

  /**
   * Asks the frame, which is loaded for the first question.
   * @throws FrameTimeout, the frame's own Error, or the signal's reason
   */
  async ask(question: unknown, { timeoutMs, signal }: AskOptions): Promise<unknown> {
    const id = ++this.#lastId;
    const send = (message: FrameMessage) =>
      this.#connected().then((port) => port.postMessage(message));
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onAbort = () => this.#waiting.get(id)?.reject(signal?.reason);
    try {
      return await new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        this.#waiting.set(id, { resolve, reject });
        signal?.addEventListener("abort", onAbort);
        const late = () => reject(new FrameTimeout(`it took more than ${timeoutMs / 1000} s`));
        timer = setTimeout(late, timeoutMs);
        send({ type: "ask", id, question }).catch(reject);
      });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
      // An answered question is not cancelled: its entry is gone.
      if (this.#waiting.delete(id)) void send({ type: "cancel", id });
    }
  }

  close(): void {
    this.#element?.remove();
    for (const { reject } of this.#waiting.values()) reject(new Error("it was closed"));
    this.#element = null;
    this.#port = null;
  }

  #connected(): Promise<MessagePort> {
    this.#port ??= this.#open();
    return this.#port;
  }

  #open(): Promise<MessagePort> {
    const { name, isSandboxed, needsLayout = false } = this.#options;
    const frame = document.createElement("iframe");
    this.#element = frame;
    frame.hidden = !needsLayout;
    if (needsLayout) placeOutside(frame);
    frame.title = name;
    if (isSandboxed) frame.sandbox.add("allow-scripts");
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }: MessageEvent<FrameReply>) => this.#receive(data);
    return new Promise((resolve) => {
      frame.addEventListener("load", () => {
        frame.contentWindow?.postMessage(GREETING, "*", [port2]); // a sandboxed frame has no origin to name
        resolve(port1);
      });
      frame.src = `./frames/${name}.html`;
      document.body.append(frame);
    });
  }

  #receive(reply: FrameReply): void {
    if (reply.type === "event") return this.#options.onEvent?.(reply.event);
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (reply.type === "answer") waiting?.resolve(reply.answer);
    else waiting?.reject(new Error(reply.message));
  }
}

function placeOutside(frame: HTMLIFrameElement): void {
  frame.tabIndex = -1;
  frame.ariaHidden = "true";
  Object.assign(frame.style, {
    position: "fixed",
    insetInlineStart: "-2000px",
    width: "1200px",
    height: "800px",
    border: "0",
    visibility: "hidden",
  });
}
