// Asks the worker, one question after the other.

import type { Asked, Bad, Questions, Told } from "./protocol";
import type { Parts } from "./parts";

/** What a user did that cannot be done. */
export class BadInput extends Error {
  constructor(readonly bad: Bad) { super(bad.says); }
}

/** It was stopped before it had answered. */
export class Stopped extends Error {}

interface Waiting {
  done(json: string): void;
  fail(problem: Error): void;
  progress(what: string, done: number, total: number): void;
}

export class Engine {
  private worker: Worker | undefined;
  private waiting = new Map<number, Waiting>();
  private next = 1;
  /** Of the last answer: what Python took for it, in ms. */
  spent_ms = 0;

  constructor(private readonly parts: Parts, private readonly address: string) {}

  /** The answer. BadInput if there is none, Stopped if somebody stopped it; anything else is a defect of ours. */
  async ask<N extends keyof Questions>(
    name: N,
    takes: Questions[N]["takes"],
    progress: Waiting["progress"] = () => {},
    file?: Asked["file"],
  ): Promise<Questions[N]["gives"]> {
    const worker = this.worker ?? this.start();
    const id = this.next++;
    const json = await new Promise<string>((done, fail) => {
      this.waiting.set(id, { done, fail, progress });
      const asked: Asked = { id, name, takes: JSON.stringify(takes), file };
      worker.postMessage(asked, file ? [file.bytes] : []);
    });
    const told = JSON.parse(json) as { good: Questions[N]["gives"] } | { bad: Bad };
    if ("bad" in told) throw new BadInput(told.bad);
    return told.good;
  }

  /** Ends what it does; the next question starts another. */
  stop(): void {
    this.worker?.terminate();
    this.worker = undefined;
    for (const one of this.waiting.values()) one.fail(new Stopped());
    this.waiting.clear();
  }

  private start(): Worker {
    const worker = new Worker(this.address);
    worker.onmessage = (e: MessageEvent<Told>) => this.told(e.data);
    worker.onerror = (e) => this.broken(e.message);
    worker.postMessage({ parts: this.parts });
    this.worker = worker;
    return worker;
  }

  private told(told: Told): void {
    if (told.kind === "defect" && told.id === 0) return this.broken(told.says);
    const one = this.waiting.get(told.id);
    if (!one) return;
    if (told.kind === "progress") return one.progress(told.what, told.done, told.total);
    this.waiting.delete(told.id);
    if (told.kind === "answer") {
      this.spent_ms = told.ms;
      one.done(told.json);
    } else one.fail(new Error(told.says));
  }

  private broken(says: string): void {
    for (const one of this.waiting.values()) one.fail(new Error(says));
    this.waiting.clear();
  }
}

/** Asks with the newest only: while one question is out, later ones wait, and all but the last are dropped. */
export class Latest<T> {
  private busy = false;
  private wanted: (() => Promise<T>) | undefined;

  constructor(private readonly show: (found: T) => void, private readonly failed: (problem: unknown) => void) {}

  ask(question: () => Promise<T>): void {
    this.wanted = question;
    if (!this.busy) void this.work();
  }

  private async work(): Promise<void> {
    this.busy = true;
    while (this.wanted) {
      const question = this.wanted;
      this.wanted = undefined;
      try {
        const found = await question();
        this.show(found);
      } catch (problem) {
        this.failed(problem);
      }
    }
    this.busy = false;
  }
}
