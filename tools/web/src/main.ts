// Wires the parts of the page to each other. The state is here and nowhere else.

import { CapturePanel } from "./capture";
import { byId, h, showTime } from "./dom";
import { BadInput, Engine, Latest, Stopped } from "./engine";
import { Figures } from "./figures";
import { showMatrix } from "./meters";
import { parts, workerAddress } from "./parts";
import type { CaptureFields, Judged, RuleRef, Start, Timeline } from "./protocol";
import { RulePanel } from "./rule";
import { showFinds } from "./search";
import { ofFragment, toFragment, type State } from "./state";
import { copiedRich, copiedText, saved, say } from "./take";
import { calm, deepened, FULL_MV, lasting, moved, named, timeOf, without, withEvent, withStretch, type Handle } from "./timeline/model";
import { TimelineView } from "./timeline/view";
import { showVerdicts } from "./verdicts";

const PRESET = "cut_181";
const RULE = "mp102-wg-2020-04";
const REST_MS = 250;
const UNDO_MOST = 200;

async function main(): Promise<void> {
  const began = performance.now();
  const [found, address] = await Promise.all([parts(), workerAddress()]);
  const engine = new Engine(found, address), long = new Engine(found, address);
  const start = await engine.ask("start", {});
  const page = new Page(engine, long, start);
  await page.open();
  document.body.dataset["firstVerdictMs"] = String(Math.round(performance.now() - began));
}

class Page {
  private state!: State;
  private sound = "";
  private ruleIsBad = false;
  private undone: Timeline[] = [];
  private dragging = false;
  private ownId = "";
  private ownIsOpen = false;
  private judgeFailed = false;
  private readonly jobs = new Map<string, number>();
  private rest = 0;
  private restRule = 0;
  private capturedBy = "";
  private readonly view: TimelineView;
  private readonly figures: Figures;
  private readonly rule: RulePanel;
  private readonly capture: CapturePanel;
  private readonly judging: Latest<Judged>;

  constructor(private readonly engine: Engine, private readonly long: Engine, private readonly start: Start) {
    this.view = new TimelineView({
      changed: (timeline, resting) => this.change(timeline, resting),
      selected: (handle) => this.selected(handle),
    });
    byId("timeline").append(this.view.element);
    this.figures = new Figures(start.figures, (hub) => { this.state.hub = hub; this.judge(); });
    byId("figures").append(this.figures.element);
    this.rule = new RulePanel(start.keys, start.questions, {
      written: (text) => void this.written(text),
      answered: (key, value) => void this.answered(key, value),
    });
    this.capture = new CapturePanel((file, fields) => void this.captured(file, fields));
    this.judging = new Latest((judged) => this.show(judged), (problem) => {
      this.failed(problem);
      this.judgeFailed = true;
    });
    this.controls();
  }

  async open(): Promise<void> {
    const preset = await this.engine.ask("preset", { name: PRESET });
    const own = this.start.rules.find((rule) => rule.id === RULE)!;
    this.state = { written: own.written, chosen: ["mp102-back-10-min", "hub-in-service"], timeline: preset.timeline, hub: {} };
    byId<HTMLSelectElement>("preset").value = (await this.follow()) ? "" : PRESET;
    byId("loading").hidden = true;
    byId("page").hidden = false;
    await this.take(this.state);
    window.addEventListener("hashchange", () => void this.follow().then(async (linked) => {
      if (!linked) return;
      this.yours();
      await this.take(this.state);
    }));
  }

  /** What the link holds becomes the state; false if it holds nothing. */
  private async follow(): Promise<boolean> {
    try {
      const linked = await ofFragment(location.hash);
      if (!linked) return false;
      // the engine knows what is sound
      await this.engine.ask("judge", { timeline: linked.timeline, hub: linked.hub, rules: linked.chosen.map((library) => ({ library })) });
      this.state = linked;
      return true;
    } catch (problem) {
      this.failed(problem, "The link: ");
      return false;
    }
  }

  private async take(state: State): Promise<void> {
    // if its rule cannot be read, that of before is not its own
    this.sound = this.ownId = "";
    this.figures.show(state.hub);
    this.rule.put(state.written);
    this.chosen();
    this.view.show(state.timeline, true);
    this.view.select(undefined);
    await this.written(state.written);
  }

  private controls(): void {
    const on = (id: string, what: () => void) => byId(id).addEventListener("click", what);
    const preset = byId<HTMLSelectElement>("preset");
    preset.append(...this.start.meters.map((m) => h("option", { value: m.name }, `${m.name}: ${m.title}`)));
    preset.addEventListener("change", () => void this.preset(preset.value));
    byId("library").append(...this.start.rules.map((rule) => h("option", { value: rule.id }, rule.id + (rule.open ? " (open)" : ""))));
    byId("library").addEventListener("change", () => {
      const rule = this.start.rules.find((one) => one.id === byId<HTMLSelectElement>("library").value);
      if (!rule) return;
      this.rule.put(rule.written);
      void this.written(rule.written);
    });
    on("whole", () => this.view.zoom(0));
    on("nearer", () => this.view.zoom(2));
    on("wider", () => this.view.zoom(0.5));
    on("undo", () => this.undo());
    on("calm", () => this.change(calm(this.state.timeline.end_us), true));
    on("cut", () => this.added(withStretch(this.state.timeline, "ch_mv", 0, this.view.middle_us)));
    on("outage", () => this.added(withStretch(this.state.timeline, "mains", 0, this.view.middle_us)));
    on("unplug", () => this.added(withStretch(this.state.timeline, "fitted", 0, this.view.middle_us)));
    on("add-event", () => {
      const [name, kind] = byId<HTMLSelectElement>("event").value.split(":") as [string, string];
      this.added(withEvent(this.state.timeline, name, kind, this.view.middle_us));
    });
    // what is no number changes nothing; either way the field then shows what holds
    const numbered = (id: string, apply: (value: number) => void) => byId(id).addEventListener("change", () => {
      const field = byId<HTMLInputElement>(id);
      if (field.value.trim() && Number.isFinite(Number(field.value))) apply(Number(field.value));
      this.lengthShown();
      this.selected(this.view.selected);
    });
    numbered("length", (minutes) => { if (minutes > 0) this.change(lasting(this.state.timeline, minutes * 60e6), true); });
    numbered("at", (at) => {
      const held = this.view.selected;
      if (!held) return;
      const [timeline, handle] = moved(this.state.timeline, held, at * 1e6);
      this.change(timeline, true);
      this.view.select(handle);
    });
    numbered("depth", (volts) => {
      const held = this.view.selected;
      if (held && held.kind !== "event") this.change(deepened(this.state.timeline, held, volts * 1000), true);
    });
    on("remove", () => {
      const held = this.view.selected;
      if (!held) return;
      this.view.select(undefined);
      this.change(without(this.state.timeline, held), true);
    });
    on("first-button", () => void this.work("which key to decide first", "open", () => this.long.ask("open", { written: this.own() }, this.progress), (found) => this.rule.first(found)));
    on("matrix-button", () => void this.work("meters", "matrix", () => this.long.ask("matrix", { rules: this.rules(this.own()) }, this.progress), (found) => showMatrix(found, this.start.meters, (name) => void this.preset(name))));
    on("audit-button", () => void this.work("audit", "search", () => this.long.ask("audit", { rules: [{ written: this.own() }] }, this.progress), (found) => showFinds(found.found, "Nothing was found.", (timeline, words) => this.found(timeline, words))));
    on("compare-button", () => {
      const other = byId<HTMLSelectElement>("other").value;
      void this.work("compare", "search", () => this.long.ask("compare", { rules: [{ written: this.own() }, { library: other }] }, this.progress), (found) => showFinds(found.found, "No difference was found.", (timeline, words) => this.found(timeline, words)));
    });
    byId("other").append(...this.start.rules.map((rule) => h("option", { value: rule.id }, rule.id)));
    for (const id of ["stop-open", "stop-matrix", "stop-search"]) on(id, () => this.long.stop());
    this.taking(on);
    document.addEventListener("keydown", (e) => {
      const typing = e.target instanceof HTMLElement && e.target.closest("input, textarea, select, .cm-editor");
      if ((e.ctrlKey || e.metaKey) && e.key === "z" && !typing) {
        e.preventDefault();
        this.undo();
      }
    });
  }

  private taking(on: (id: string, what: () => void) => void): void {
    const file = (id: string, what: () => Promise<void>) => on(id, () => void what().catch((problem) => this.failed(problem)));
    file("take-link", async () => copiedText(location.href.split("#")[0] + (await toFragment(this.state)), "The link was copied: it holds the rule, the timeline and the hub."));
    file("take-toml", async () => saved("rule.toml", this.state.written, "text/plain"));
    file("take-vcd", async () => saved("timeline.vcd", (await this.engine.ask("vcd", { timeline: this.state.timeline, hub: this.state.hub })).text, "text/plain"));
    file("take-svg", async () => saved("timeline.svg", (await this.engine.ask("svg", { timeline: this.state.timeline, hub: this.state.hub, written: this.own() })).text, "image/svg+xml"));
    file("take-draft", async () => copiedRich((await this.long.ask("draft", { written: this.own() })).text));
    file("take-draft-file", async () => saved("draft.html", (await this.long.ask("draft", { written: this.own() })).text, "text/html"));
    file("take-cases", async () => {
      say("Looking for test cases …");
      const found = await this.long.ask("cases", { written: this.own() });
      saved(found.name, Uint8Array.from(atob(found.base64), (c) => c.charCodeAt(0)), "application/zip");
    });
    on("take-print", () => window.print());
  }

  private chosen(): void {
    byId("chosen").replaceChildren(...this.start.rules.map((rule) => {
      const id = `chosen-${rule.id}`;
      const box = h("input", { type: "checkbox", id, checked: this.state.chosen.includes(rule.id), onchange: () => {
        this.state.chosen = this.start.rules.map((r) => r.id).filter((one) => byId<HTMLInputElement>(`chosen-${one}`).checked);
        this.judge();
      } });
      return h("label", { htmlFor: id, title: rule.text }, box, ` ${rule.id}${rule.open ? " (open)" : ""}`);
    }));
  }

  /** The rule that is edited first, if it can be read, then those chosen beside it. */
  private rules(own = this.sound): RuleRef[] {
    const ids = new Set(this.state.chosen);
    // a rule of the library that is edited no further is that rule
    const known = this.start.rules.find((rule) => rule.written === own);
    if (known) ids.delete(known.id);
    return [...(own ? [{ written: own }] : []), ...[...ids].map((library) => ({ library }))];
  }

  /** The text of the rule, for what is made of it; an error while it cannot be read. */
  private own(): string {
    if (this.ruleIsBad || !this.sound) throw new Error("The rule cannot be read as it stands: mend it first.");
    return this.sound;
  }

  private isOpen(rule: RuleRef): boolean {
    return "written" in rule ? this.ownIsOpen : Boolean(this.start.rules.find((one) => one.id === rule.library)?.open);
  }

  /** The timeline is no meter of the gallery any more. */
  private yours(): void {
    byId<HTMLSelectElement>("preset").value = "";
    byId("preset-says").textContent = "";
  }

  private lengthShown(): void {
    byId<HTMLInputElement>("length").value = String(Math.round(this.state.timeline.end_us / 6e5) / 100);
  }

  private async written(text: string): Promise<void> {
    this.state.written = text;
    try {
      const rule = await this.engine.ask("rule", { written: text });
      if (text !== this.state.written) return;
      this.sound = text;
      this.ruleIsBad = false;
      this.ownId = rule.id;
      this.ownIsOpen = rule.count > 1;
      this.rule.bad(undefined);
      this.rule.says(rule);
      byId<HTMLSelectElement>("library").value = this.start.rules.find((one) => one.written === text)?.id ?? "";
      clearTimeout(this.restRule);
      this.restRule = window.setTimeout(() => void this.engine.ask("drawn", { written: text }).then((drawn) => text === this.sound && this.rule.draws(drawn), (problem) => this.failed(problem)), REST_MS);
    } catch (problem) {
      if (!(problem instanceof BadInput)) return this.failed(problem);
      if (text !== this.state.written) return;
      this.ruleIsBad = true;
      this.rule.bad(problem.bad);
    }
    this.judge();
  }

  private async answered(key: string, value: string): Promise<void> {
    try {
      const { written } = await this.engine.ask("set_key", { written: this.state.written, key, value });
      this.rule.put(written);
      await this.written(written);
    } catch (problem) {
      this.failed(problem);
    }
  }

  private change(timeline: Timeline, resting: boolean): void {
    // a drag is one step, however many moves it has
    if (!this.dragging) this.undone.push(this.state.timeline);
    if (this.undone.length > UNDO_MOST) this.undone.shift();
    this.dragging = !resting;
    this.state.timeline = timeline;
    this.yours();
    this.view.show(timeline, false);
    this.judge();
  }

  private added(more: [Timeline, Handle] | undefined): void {
    if (!more) return this.failed(new Error("there is no room for it: remove or move something first"));
    this.change(more[0], true);
    this.view.select(more[1], true);
  }

  private undo(): void {
    let before = this.undone.pop();
    while (before && JSON.stringify(before) === JSON.stringify(this.state.timeline)) before = this.undone.pop();
    if (!before) return;
    this.state.timeline = before;
    this.yours();
    this.view.show(before, false);
    this.view.select(undefined);
    this.judge();
  }

  private async preset(name: string): Promise<void> {
    if (!name) return;
    try {
      const { timeline, sentence } = await this.engine.ask("preset", { name });
      this.change(timeline, true);
      this.view.zoom(0);
      this.view.select(undefined);
      byId<HTMLSelectElement>("preset").value = name;
      byId("preset-says").textContent = sentence;
      this.problem("");
    } catch (problem) {
      this.failed(problem);
    }
  }

  private found(timeline: Timeline, words: string): void {
    this.change(timeline, true);
    this.view.zoom(0);
    byId("preset-says").textContent = words;
    byId("timeline-heading").scrollIntoView();
  }

  /** Rules without open keys at once; those with, and the ranges, when the hand rests. */
  private judge(): void {
    const rules = this.rules();
    const closed = rules.filter((one) => !this.isOpen(one));
    const { timeline, hub } = this.state;
    const began = performance.now();
    this.judging.ask(async () => {
      const judged = await this.engine.ask("judge", { timeline, hub, rules: closed });
      document.body.dataset["engineMs"] = this.engine.spent_ms.toFixed(2);
      requestAnimationFrame(() => { document.body.dataset["redrawMs"] = (performance.now() - began).toFixed(1); });
      return judged;
    });
    this.figures.holds(undefined);
    clearTimeout(this.rest);
    this.rest = window.setTimeout(() => {
      // a capture is judged by the same rules: it follows when they change
      if (this.capturedBy !== JSON.stringify(rules)) this.capture.again();
      if (closed.length < rules.length) this.judging.ask(() => this.engine.ask("judge", { timeline, hub, rules }));
      void this.engine.ask("ranges", { timeline, hub, rules: closed }).then((ranges) => timeline === this.state.timeline && this.figures.holds(ranges), (problem) => this.failed(problem));
    }, REST_MS);
  }

  private show(judged: Judged): void {
    if (this.judgeFailed) this.problem("");
    this.judgeFailed = false;
    const first = this.sound ? judged.verdicts.find((v) => v.id === this.ownId) : undefined;
    this.view.follows(judged, first);
    const pending = !this.sound ? "" : first ? "" : `${this.ownId}: all its readings are being judged …`;
    showVerdicts(judged, first, this.ruleIsBad, pending);
    this.lengthShown();
  }

  private selected(handle: Handle | undefined): void {
    const t = this.state.timeline;
    byId("held").hidden = !handle;
    byId("held-none").hidden = Boolean(handle);
    if (!handle) return;
    byId("held-name").textContent = named(t, handle);
    byId<HTMLInputElement>("at").value = String(timeOf(t, handle) / 1e6);
    const deep = handle.kind !== "event" && handle.lane === "ch_mv";
    byId("depth-row").hidden = !deep;
    if (deep) byId<HTMLInputElement>("depth").value = String((t.ch_mv[handle.index]?.[1] ?? FULL_MV) / 1000);
  }

  private readonly progress = (what: string, done: number, total: number): void => {
    for (const bar of document.querySelectorAll<HTMLProgressElement>(".working progress")) {
      bar.max = Math.max(1, total);
      bar.value = done;
    }
    for (const says of document.querySelectorAll(".working output")) says.textContent = `${what}: ${done} of ${total}`;
  };

  private async work<T>(what: string, place: string, ask: () => Promise<T>, show: (found: T) => void): Promise<void> {
    const working = byId(`working-${place}`);
    const job = (this.jobs.get(place) ?? 0) + 1;
    this.jobs.set(place, job);
    this.long.stop();
    working.hidden = false;
    this.progress(what, 0, 1);
    const began = performance.now();
    try {
      const found = await ask();
      document.body.dataset[`${place}Ms`] = this.long.spent_ms.toFixed(0);
      show(found);
      this.problem("");
      say(`${what}: done after ${showTime(Math.round((performance.now() - began) / 100) * 1e5)}.`);
    } catch (problem) {
      if (problem instanceof Stopped) say(`${what}: stopped.`);
      else this.failed(problem);
    } finally {
      // unless the next of its kind has begun meanwhile
      if (this.jobs.get(place) === job) working.hidden = true;
    }
  }

  private async captured(file: File, fields: CaptureFields): Promise<void> {
    try {
      const rules = this.rules();
      this.capturedBy = JSON.stringify(rules);
      const bytes = await file.arrayBuffer();
      const name = file.name.replace(/[/\\\0]/g, "_").replace(/^\.*$/, "capture");
      this.capture.shows(await this.long.ask("capture", { path: name, fields, rules }, this.progress, { name, bytes }));
    } catch (problem) {
      if (problem instanceof BadInput) this.capture.fails(problem.bad.says);
      else if (problem instanceof Stopped) this.capture.fails(`${file.name}: stopped by another job; judge again`);
      else this.failed(problem);
    }
  }

  private failed(problem: unknown, before = ""): void {
    if (problem instanceof Stopped) return say("What went on before was stopped by another job: ask for it again.");
    const says = problem instanceof BadInput ? problem.bad.says : problem instanceof Error ? problem.message : String(problem);
    this.problem(before + says);
  }

  private problem(says: string): void {
    const place = byId("problem");
    place.textContent = says;
    place.hidden = !says;
  }
}

main().catch((problem: unknown) => {
  byId("loading").replaceChildren(h("p", { class: "error", role: "alert" }, `The workbench did not start: ${problem instanceof Error ? problem.message : String(problem)}`));
});
