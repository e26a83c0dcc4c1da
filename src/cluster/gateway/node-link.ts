// The gateway's connection to one life of a node: its runs and questions, and the messages that repair what was lost.

import type { WorkerLoss } from "../../engine/crashes.ts";
import { fromWireError } from "../../engine/messages.ts";
import { ServiceError, stackOf } from "../../errors.ts";
import type { StepLoad } from "../../generation/events.ts";
import type { FoundRun, FromNode, NodeId, NumberedEvent, ToNode } from "../messages.ts";
import { canBeSurpassed } from "../read-packet.ts";
import { LinkedQuestions } from "./linked-questions.ts";
import { LinkedRun, type LinkedRunOptions } from "./linked-run.ts";

export type NodeLinkOptions = {
  readonly node: NodeId;
  /** Sends what one turn of the event loop has collected. */
  readonly publish: (messages: readonly ToNode[]) => void;
  /** Called with the load of each decode step. @param model its key */
  readonly onLoad: (model: string, load: StepLoad) => void;
  /** Called with the number of events that were lost and asked for again. */
  readonly onMissing: (events: number) => void;
  /** Called when a run begins or ends, or is not a suspect any more. */
  readonly onChange: () => void;
  /** Called when a run of another gateway is taken over, and when it ends: the queue has that many slots less meanwhile. */
  readonly onAttached: () => void;
  readonly onFound: (id: string, stream: FoundRun | null) => void;
  /** The term of this gateway is over. */
  readonly onStale: (term: number) => void;
  readonly log: (level: "error", message: string) => void;
};

/** Messages with what a client has sent. */
const WITH_BODY: ReadonlySet<ToNode["type"]> = new Set(["start", "ask", "embed"]);

export class NodeLink {
  readonly node: NodeId;
  readonly #options: NodeLinkOptions;
  readonly #runs = new Map<string, LinkedRun>();
  #unsent: ToNode[] = [];
  readonly questions: LinkedQuestions;

  constructor(options: NodeLinkOptions) {
    this.node = options.node;
    this.#options = options;
    this.questions = new LinkedQuestions((message) => this.send(message));
  }

  /** Runs of one model: all, those that the queue of this gateway did not place, and whether one is a suspect. */
  runsOf(model: string): {
    readonly running: number;
    readonly attached: number;
    readonly hasSuspect: boolean;
  } {
    let [running, attached, hasSuspect] = [0, 0, false];
    for (const run of this.#runs.values()) {
      if (run.model !== model) continue;
      running += 1;
      if (run.isAttached) attached += 1;
      if (run.isSuspect) hasSuspect = true;
    }
    return { running, attached, hasSuspect };
  }

  /** Registers a run, which takes a slot of the node from now on until its `end()`. */
  enter(options: LinkedRunOptions): LinkedRun {
    const { onMissing } = this.#options;
    const changed = () => {
      this.#options.onChange();
      if (options.isAttached) this.#options.onAttached();
    };
    const run = new LinkedRun(options, {
      send: (message) => this.send(message),
      onMissing,
      onChange: changed,
      onEnd: () => {
        if (this.#runs.delete(options.id)) changed();
      },
    });
    this.#runs.set(options.id, run);
    changed();
    return run;
  }

  /** Messages of one turn of the event loop are sent in one packet. */
  send(message: ToNode): void {
    if (this.#unsent.push(message) === 1) setImmediate(() => this.#flush());
  }

  /** Call it twice a second. */
  sync(): void {
    const states = [...this.#runs.values()].map((run) => ({ id: run.id, ...run.sync() }));
    const questions = this.questions.ids;
    const aborted = states.flatMap(({ id, isAborted }) => (isAborted ? [id] : []));
    for (const id of [...aborted, ...questions.aborted]) this.send({ type: "abort", id });
    const runs = states.flatMap(({ position }) => position ?? []);
    this.send({ type: "sync", runs, questions: questions.all });
  }

  /** A message that this gateway cannot use has one line in the log, and the others are read. */
  receive(message: FromNode): void {
    try {
      this.#receive(message);
    } catch (error) {
      this.#logBug(error);
    }
  }

  #receive(message: FromNode): void {
    switch (message.type) {
      case "step":
        for (const numbered of message.events) this.#receiveEvent(numbered);
        for (const load of message.loads) this.#options.onLoad(message.model, load);
        return;
      case "lost": {
        const { ids, error, isFromOutside, crashesInARow } = message;
        const loss = { error: fromWireError(error), isFromOutside, crashesInARow };
        return this.#each(ids, (run) => run.reader.lose(loss));
      }
      case "taken": {
        const loss = { error: takenOver(), isFromOutside: true, crashesInARow: 1 };
        return this.#each(message.ids, (run) => run.reader.lose(loss));
      }
      case "moved":
        return this.#each(message.ids, (run) => run.reader.leave("moved"));
      case "unknown":
        for (const id of message.ids) this.questions.forget(id);
        return this.#each(message.ids, (run) => run.reader.leave("unknown"));
      case "answered":
      case "vectors":
      case "embedded":
      case "refused":
        return this.questions.receive(message);
      case "found":
        return this.#options.onFound(message.id, message.stream);
      case "stale":
        if (canBeSurpassed(message.term)) this.#options.onStale(message.term);
        return;
    }
  }

  /** The node is lost: its runs may continue on another one. */
  lose(loss: WorkerLoss): void {
    this.#each([...this.#runs.keys()], (run) => run.reader.lose(loss));
    this.questions.lose(loss.error, true);
  }

  /** Ends all runs and questions with an error. */
  fail(error: ServiceError): void {
    const loss = { error, isFromOutside: true, crashesInARow: 1 };
    this.#each([...this.#runs.keys()], (run) => run.reader.lose(loss));
    this.questions.lose(error, false);
  }

  #receiveEvent(numbered: NumberedEvent): void {
    try {
      this.#runs.get(numbered.event.id)?.receive(numbered);
    } catch (error) {
      this.#logBug(error); // the other runs must still get their events
    }
  }

  #each(ids: readonly string[], act: (run: LinkedRun) => void): void {
    for (const id of ids) {
      const run = this.#runs.get(id);
      try {
        if (run) act(run);
      } catch (error) {
        this.#logBug(error);
      }
    }
  }

  #logBug(error: unknown): void {
    this.#options.log("error", `bug: ${stackOf(error)}`);
  }

  /** What holds the body of a request has a packet of its own: together they could be larger than a packet may be. */
  #flush(): void {
    const messages = this.#unsent;
    this.#unsent = [];
    let small: ToNode[] = [];
    for (const message of messages) {
      if (!WITH_BODY.has(message.type)) {
        small.push(message);
        continue;
      }
      if (small.length > 0) this.#options.publish(small);
      this.#options.publish([message]);
      small = [];
    }
    if (small.length > 0) this.#options.publish(small);
  }
}

/** Its client has reconnected there: here, its connection is broken. */
function takenOver(): ServiceError {
  return new ServiceError("engine_unavailable", "another gateway has taken over this stream");
}
