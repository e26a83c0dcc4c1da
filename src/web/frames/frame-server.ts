// The frame's side of its connection with the page: one answer for each question. The page's side: browser/frame.ts.

/** @param signal aborts when the page does not wait any longer */
export type FrameHandler = (question: unknown, signal: AbortSignal) => Promise<unknown>;

export type FrameMessage =
  | { readonly type: "ask"; readonly id: number; readonly question: unknown }
  | { readonly type: "cancel"; readonly id: number };

export type FrameReply =
  | { readonly type: "answer"; readonly id: number; readonly answer: unknown }
  | { readonly type: "error"; readonly id: number; readonly message: string }
  | { readonly type: "event"; readonly event: unknown };

/** The page's first message, with the port for all others. */
export const GREETING = "sluice-frame";

/** @returns a function that reports an event to the page */
export function serveFrame(handle: FrameHandler): (event: unknown) => void {
  let port: MessagePort | null = null;
  const reply = (message: FrameReply) => port?.postMessage(message);
  const running = new Map<number, AbortController>();
  const answer = async (id: number, question: unknown) => {
    const abort = new AbortController();
    running.set(id, abort);
    try {
      reply({ type: "answer", id, answer: await handle(question, abort.signal) });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      reply({ type: "error", id, message });
    } finally {
      running.delete(id);
    }
  };
  addEventListener("message", ({ source, data, ports }) => {
    const [given] = ports;
    if (source !== parent || data !== GREETING || !given || port) return;
    port = given;
    port.onmessage = ({ data: message }: MessageEvent<FrameMessage>) => {
      if (message.type === "ask") void answer(message.id, message.question);
      else running.get(message.id)?.abort();
    };
  });
  return (event) => reply({ type: "event", event });
}
