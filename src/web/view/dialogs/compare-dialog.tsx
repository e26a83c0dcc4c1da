// Sends the same prompt streamed and buffered, side by side, to show the effect of streaming.

import { useEffect, useRef, useState } from "react";
import { compare, EMPTY_COMPARISON, type Side } from "../../chat/comparison.ts";
import { requestBody } from "../../conversation/request-body.ts";
import { useApp, useCurrent } from "../context.ts";
import { Form } from "../form.tsx";
import { duration } from "../format.ts";
import { Dialog } from "./dialog.tsx";

const EXAMPLE = "What is streaming?";

export function CompareDialog({ onClose }: { readonly onClose: () => void }) {
  const { server } = useApp();
  const conversation = useCurrent();
  const last = conversation.turns.findLast(({ kind }) => kind === "question");
  const [text, setText] = useState(last?.kind === "question" ? last.text : EXAMPLE);
  const [result, setResult] = useState(EMPTY_COMPARISON);
  const [startedAtMs, setStarted] = useState<number | null>(null);
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const isRunning = startedAtMs !== null;
  const start = async () => {
    const abort = new AbortController();
    running.current = abort;
    setResult(EMPTY_COMPARISON);
    setStarted(performance.now());
    const turns = [{ kind: "question", id: "compared", text } as const];
    const body = requestBody({ ...conversation, turns, omittedTurns: 0 });
    await compare({ server, body, signal: abort.signal, onChange: setResult });
    setStarted(null);
  };
  return (
    <Dialog title="Compare streamed and buffered" onClose={onClose} className="is-wide">
      <Form
        className="compare-form"
        onSubmit={() => (isRunning ? running.current?.abort() : void start())}
      >
        <input
          aria-label="Prompt"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <button type="submit" className="button is-main" disabled={text.trim() === ""}>
          {isRunning ? "Stop" : "Start both"}
        </button>
      </Form>
      <div className="compare-sides">
        <SideView title="Streamed" side={result.streamed} startedAtMs={startedAtMs} />
        <SideView title="Buffered" side={result.buffered} startedAtMs={startedAtMs} />
      </div>
      <p className="hint">
        Both requests start at the same time with the same settings and seed, so they share the
        machine.
      </p>
    </Dialog>
  );
}

type SideProps = {
  readonly title: string;
  readonly side: Side;
  readonly startedAtMs: number | null;
};

function SideView({ title, side, startedAtMs }: SideProps) {
  const { text, firstTextMs, totalMs, problem } = side;
  const isWaiting = startedAtMs !== null && totalMs === null;
  const elapsedMs = useStopwatch(isWaiting ? startedAtMs : null);
  return (
    <section className="compare-side" aria-label={title}>
      <h3>{title}</h3>
      <dl className="numbers">
        <Time name="First text" ms={firstTextMs ?? elapsedMs} isRunning={firstTextMs === null} />
        <Time name="Complete" ms={totalMs ?? elapsedMs} isRunning={totalMs === null} />
      </dl>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so keyboard users must reach it */}
      <div className="compare-text" tabIndex={0}>
        {problem ?? text}
      </div>
    </section>
  );
}

type TimeProps = {
  readonly name: string;
  readonly ms: number | null;
  readonly isRunning: boolean;
};

function Time({ name, ms, isRunning }: TimeProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd className={isRunning ? "is-running" : ""}>{ms === null ? "–" : duration(ms)}</dd>
    </div>
  );
}

/** Ms since the given time; null if there is none. */
function useStopwatch(sinceMs: number | null): number | null {
  const [nowMs, setNow] = useState(0);
  useEffect(() => {
    if (sinceMs === null) return;
    let frame = 0;
    const tick = () => {
      setNow(performance.now());
      frame = requestAnimationFrame(tick);
    };
    tick();
    return () => cancelAnimationFrame(frame);
  }, [sinceMs]);
  return sinceMs === null ? null : Math.max(0, nowMs - sinceMs);
}
