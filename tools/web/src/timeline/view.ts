// Draws a timeline and lets its edges be dragged, by mouse, touch and keyboard. What follows from it (hub, alerts, the
// cut that counts) comes from the engine and is drawn into it.

import { h, s, showTime } from "../dom";
import type { Judged, Timeline, Verdict } from "../protocol";
import { bounds, deepened, FULL_MV, handles, moved, MOST_MV, named, sameHandle, timeOf, without, type Handle } from "./model";

const LANES = { mains: 34, ch: 74, fitted: 34, events: 46, hub: 34, alerts: 34 } as const;
const GAP = 10, TOP = 26, STEP_US = 1_000_000, STEP_MV = 100, TALL_MV = 14_000, HIT = 24;
const KEYS: Record<string, number> = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -60, PageUp: 60 };

export interface Hears {
  /** The timeline was changed; `resting` if the hand is off it. */
  changed(timeline: Timeline, resting: boolean): void;
  selected(handle: Handle | undefined): void;
}

export class TimelineView {
  readonly element = h("div", { class: "timeline" });
  private svg = s("svg", { role: "group", "aria-label": "Timeline" });
  private timeline!: Timeline;
  private judged: Judged | undefined;
  private verdict: Verdict | undefined;
  private held: Handle | undefined;
  private from_us = 0;
  private to_us = 1;
  private left = 96;
  private eventWords = 0;
  private width = 900;

  constructor(private readonly hears: Hears) {
    this.element.append(this.svg);
    // an edge is dragged, beside it the page scrolls; browsers heed no `touch-action` inside a drawing
    const hold = (e: TouchEvent) => { if (e.target instanceof Element && e.target.closest(".handle")) e.preventDefault(); };
    this.svg.addEventListener("touchstart", hold, { passive: false });
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  get selected(): Handle | undefined { return this.held; }
  get middle_us(): number { return this.held ? timeOf(this.timeline, this.held) : (this.from_us + this.to_us) / 2; }

  show(timeline: Timeline, whole: boolean): void {
    const same = this.timeline && this.timeline.end_us === timeline.end_us;
    this.timeline = timeline;
    if (whole || !same) this.zoom(0);
    else this.draw();
  }

  follows(judged: Judged | undefined, verdict: Verdict | undefined): void {
    this.judged = judged;
    this.verdict = verdict;
    this.draw();
  }

  select(handle: Handle | undefined, focus = false): void {
    this.held = handle;
    this.draw();
    this.hears.selected(handle);
    if (focus) this.focus();
  }

  /** 0 shows all of it; 2 half as much as now, around what is selected. */
  zoom(factor: number): void {
    const end = this.timeline.end_us;
    if (!factor) [this.from_us, this.to_us] = [0, end];
    else {
      const at = this.middle_us;
      const span = Math.min(end, Math.max(1_000_000, (this.to_us - this.from_us) / factor));
      this.from_us = Math.max(0, Math.min(end - span, at - span / 2));
      this.to_us = this.from_us + span;
    }
    this.draw();
  }

  private x(t_us: number): number {
    return this.left + ((t_us - this.from_us) / (this.to_us - this.from_us)) * (this.width - this.left - 8);
  }

  private time(x: number): number {
    return this.from_us + ((x - this.left) / (this.width - this.left - 8)) * (this.to_us - this.from_us);
  }

  private draw(): void {
    if (!this.timeline) return;
    this.width = Math.max(300, this.element.clientWidth);
    this.left = this.width < 560 ? 76 : 96;
    const had = this.svg.contains(document.activeElement);
    const t = this.timeline;
    this.svg.replaceChildren();
    let y = TOP;
    const tops = {} as Record<keyof typeof LANES, number>;
    for (const [lane, height] of Object.entries(LANES) as [keyof typeof LANES, number][]) {
      tops[lane] = y;
      y += height + GAP;
    }
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${y}`);
    this.svg.setAttribute("height", String(y));
    this.axis(y);
    const label = (text: string, lane: keyof typeof LANES) =>
      this.svg.append(s("text", { x: 4, y: tops[lane] + LANES[lane] / 2 + 4, class: "label", "aria-hidden": "true" }, text));
    label("mains", "mains"); label("CH power", "ch"); label("hub fitted", "fitted"); label("events", "events"); label("hub", "hub"); label("AD1", "alerts");
    this.bars(t.mains, tops.mains + 7, 20, "on");
    this.bars(t.fitted, tops.fitted + 7, 20, "fitted");
    this.power(tops.ch);
    this.counted(tops.ch, y);
    this.hub(tops.hub + 7);
    this.alerts(tops.alerts, y);
    const clip = s("g", { class: "handles" });
    this.eventWords = 0;
    for (const handle of handles(t, this.held)) {
      const one = this.handle(handle, tops);
      if (one) clip.append(one);
    }
    this.svg.append(clip);
    if (had) this.focus();
  }

  private focus(): void {
    this.svg.querySelector<SVGElement>("[data-held]")?.focus();
  }

  private axis(bottom: number): void {
    const span = this.to_us - this.from_us;
    const steps = [0.01, 0.1, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 86400, 432000].map((x) => x * 1e6);
    const room = this.width < 560 ? 4 : 9;
    const step = steps.find((x) => span / x <= room) ?? span;
    for (let t = Math.ceil(this.from_us / step) * step; t <= this.to_us; t += step) {
      this.svg.append(s("line", { x1: this.x(t), x2: this.x(t), y1: TOP - 6, y2: bottom - GAP, class: "grid" }));
      this.svg.append(s("text", { x: this.x(t), y: 14, class: "tick", "text-anchor": t === 0 ? "start" : "middle", "aria-hidden": "true" }, showTime(t)));
    }
  }

  private box(from: number, to: number, y: number, height: number, style: string, words = ""): void {
    const a = Math.max(this.left, this.x(from)), b = Math.min(this.width - 8, this.x(to));
    if (b <= this.left || a >= this.width - 8) return;
    this.svg.append(s("rect", { x: a, y, width: Math.max(1, b - a), height, class: style }, words ? s("title", {}, words) : null));
  }

  private bars(changes: [number, number][], y: number, height: number, style: string): void {
    changes.forEach(([at, level], i) => {
      if (level) this.box(at, changes[i + 1]?.[0] ?? this.timeline.end_us, y, height, style);
    });
  }

  private level(mv: number, top: number): number {
    return top + LANES.ch - (Math.min(mv, TALL_MV) / TALL_MV) * LANES.ch;
  }

  private power(top: number): void {
    const t = this.timeline;
    const points: string[] = [];
    const base = top + LANES.ch;
    // without mains there is no CH power, whatever was drawn
    const moments = [...new Set([...t.ch_mv, ...t.mains].map((c) => c[0]))].sort((a, b) => a - b);
    const at = (changes: [number, number][], when: number) => [...changes].reverse().find((c) => c[0] <= when)?.[1] ?? 0;
    moments.forEach((from, i) => {
      const to = moments[i + 1] ?? t.end_us;
      if (to < this.from_us || from > this.to_us) return;
      const y = this.level(at(t.mains, from) ? at(t.ch_mv, from) : 0, top);
      const [a, b] = [Math.max(this.left, this.x(from)), Math.min(this.width - 8, this.x(to))];
      points.push(`${a},${y}`, `${b},${y}`);
    });
    if (points.length) {
      const [first, last] = [points[0]!.split(",")[0], points.at(-1)!.split(",")[0]];
      this.svg.append(s("polygon", { points: `${first},${base} ${points.join(" ")} ${last},${base}`, class: "power" }));
      this.svg.append(s("polyline", { points: points.join(" "), class: "line" }));
    }
    const limit = this.level(10_800, top);
    this.svg.append(s("line", { x1: this.left, x2: this.width - 8, y1: limit, y2: limit, class: "threshold" }));
  }

  private counted(top: number, bottom: number): void {
    const v = this.verdict;
    if (!v || v.status !== "fail" || v.from_us === null || v.to_us === null) return;
    this.box(v.from_us, v.to_us, top, LANES.ch, "counted", "what the rule counts");
    if (v.ran_out_us !== null && v.ran_out_us >= this.from_us && v.ran_out_us <= this.to_us) {
      const x = this.x(v.ran_out_us);
      this.svg.append(s("line", { x1: x, x2: x, y1: TOP - 6, y2: bottom - GAP, class: "ranout" }, s("title", {}, `here the limit ran out: ${showTime(v.ran_out_us)}`)));
    }
  }

  private hub(y: number): void {
    const states = this.judged?.hub ?? [];
    states.forEach(([from, state], i) => {
      const to = states[i + 1]?.[0] ?? this.timeline.end_us;
      this.box(from, to, y, 20, `hub ${state}`, `hub ${state}, ${showTime(from)} to ${showTime(to)}`);
      const a = Math.max(this.left, this.x(from)), b = Math.min(this.width - 8, this.x(to));
      if (b - a > state.length * 7 + 8) this.svg.append(s("text", { x: a + 4, y: y + 14, class: "tick" }, state));
    });
  }

  private alerts(top: number, bottom: number): void {
    let free = 0;
    for (const alert of this.judged?.alerts ?? []) {
      if (alert.t_us < this.from_us || alert.t_us > this.to_us) continue;
      const x = this.x(alert.t_us);
      const words = `AD1, ${alert.legitimate ? "legitimate" : "false"} (${alert.doing})`;
      const style = alert.legitimate ? "alert real" : "alert";
      this.svg.append(s("line", { x1: x, x2: x, y1: TOP, y2: bottom - GAP, class: style }, s("title", {}, `${words}, ${showTime(alert.t_us)}`)));
      const short = this.width < 560 ? `AD1 ${alert.legitimate ? "real" : "false"}` : words;
      const wide = short.length * 7.4;
      const right = x + wide > this.width;
      const begin = right ? x - wide : x;
      if (begin < free) continue;
      free = begin + wide;
      this.svg.append(s("text", { x: x + (right ? -5 : 5), y: top + 20, class: alert.legitimate ? "alertword real" : "alertword", "text-anchor": right ? "end" : "start" }, short));
    }
  }

  private handle(handle: Handle, tops: Record<keyof typeof LANES, number>): SVGGElement | undefined {
    const t = this.timeline;
    const at = timeOf(t, handle);
    const isDepth = handle.kind === "depth";
    const until = isDepth ? (t.ch_mv[handle.index + 1]?.[0] ?? t.end_us) : at;
    const shown = isDepth ? (Math.max(at, this.from_us) + Math.min(until, this.to_us)) / 2 : at;
    if (shown < this.from_us || shown > this.to_us) return undefined;
    const x = this.x(shown);
    const held = sameHandle(this.held, handle);
    const [least, most] = bounds(t, handle);
    const mv = isDepth ? (t.ch_mv[handle.index]?.[1] ?? 0) : 0;
    const name = named(t, handle);
    const group = s("g", {
      tabindex: 0, role: "slider", class: `handle ${handle.kind}${held ? " held" : ""}`, "data-held": held ? "" : undefined,
      "aria-label": name, "aria-orientation": isDepth ? "vertical" : "horizontal",
      "aria-valuemin": isDepth ? 0 : Math.round(least / 1000) / 1000, "aria-valuemax": isDepth ? MOST_MV / 1000 : Math.round(most / 1000) / 1000,
      "aria-valuenow": isDepth ? mv / 1000 : at / 1e6, "aria-valuetext": isDepth ? `${mv / 1000} V` : `at ${showTime(at)}`,
      onkeydown: (e: KeyboardEvent) => this.key(e, handle), onpointerdown: (e: PointerEvent) => this.drag(e, handle),
      onfocus: () => { if (!sameHandle(this.held, handle)) this.select(handle, true); },
    }, s("title", {}, isDepth ? `${name}: ${mv / 1000} V` : `${name}, ${showTime(at)}`));
    if (isDepth) {
      const y = this.level(mv, tops.ch);
      group.append(s("rect", { x: x - HIT / 2, y: y - HIT / 2, width: HIT, height: HIT, class: "hit" }), s("rect", { x: x - 9, y: y - 3, width: 18, height: 6, rx: 3, class: "grip" }));
    } else if (handle.kind === "event") {
      const event = t.events[handle.index]!;
      const top = tops.events;
      const words = event[1] === "reset" ? event[2] : event[1];
      // several in a moment share one label: of the others the title tells
      const first = x - words.length * 3 - 4 > this.eventWords;
      if (first) this.eventWords = x + words.length * 3 + 4;
      group.append(
        s("rect", { x: x - HIT / 2, y: top, width: HIT, height: LANES.events, class: "hit" }),
        s("path", { d: `M${x} ${top + 4} l6 8 l-6 8 l-6 -8 z`, class: event[1] === "reset" ? "grip reset" : "grip mark" }),
        ...(first ? [s("text", { x, y: top + 36, class: "tick", "text-anchor": x > this.width - 50 ? "end" : "middle", "aria-hidden": "true" }, words)] : []),
      );
    } else {
      const lane = handle.lane === "ch_mv" ? "ch" : handle.lane;
      const top = tops[lane], height = LANES[lane];
      group.append(
        s("rect", { x: x - HIT / 2, y: top - 4, width: HIT, height: height + 8, class: "hit" }),
        s("rect", { x: x - 2, y: top, width: 4, height, class: "grip" }), s("circle", { cx: x, cy: top + height / 2, r: 6, class: "grip" }),
      );
    }
    return group;
  }

  private key(e: KeyboardEvent, handle: Handle): void {
    const t = this.timeline;
    if (e.key === "Delete" || e.key === "Backspace") {
      e.preventDefault();
      this.held = undefined;
      this.hears.changed(without(t, handle), true);
      this.hears.selected(undefined);
      return;
    }
    if (e.key === "Home" || e.key === "End") {
      e.preventDefault();
      if (handle.kind === "depth") return this.hears.changed(deepened(t, handle, e.key === "Home" ? 0 : FULL_MV - STEP_MV), true);
      return this.move(handle, bounds(t, handle)[e.key === "Home" ? 0 : 1], true);
    }
    const steps = KEYS[e.key];
    if (steps === undefined) return;
    e.preventDefault();
    const scale = e.shiftKey ? 10 : e.altKey || e.ctrlKey ? 0.01 : 1;
    if (handle.kind === "depth") return this.hears.changed(deepened(t, handle, (t.ch_mv[handle.index]?.[1] ?? 0) + Math.sign(steps) * STEP_MV * Math.max(1, scale)), true);
    this.move(handle, timeOf(t, handle) + steps * scale * STEP_US, true);
  }

  private move(handle: Handle, to_us: number, resting: boolean): void {
    const [timeline, now] = moved(this.timeline, handle, to_us);
    this.held = now;
    // what is moved out of sight takes the view with it
    const at = timeOf(timeline, now), span = this.to_us - this.from_us;
    if (at < this.from_us || at > this.to_us) {
      this.from_us = Math.max(0, Math.min(timeline.end_us - span, at - span / 2));
      this.to_us = this.from_us + span;
    }
    this.hears.changed(timeline, resting);
    this.hears.selected(now);
  }

  private drag(e: PointerEvent, handle: Handle): void {
    if (e.button) return;
    e.preventDefault();
    // not drawn anew yet: the browser asks the very element that was touched whether it may scroll
    this.held = handle;
    this.hears.selected(handle);
    const box = () => this.svg.getBoundingClientRect();
    let now = handle;
    const shift = this.x(timeOf(this.timeline, handle)) - (e.clientX - box().left);
    const move = (event: PointerEvent) => {
      if (now.kind === "depth") {
        const top = TOP + LANES.mains + GAP;
        const mv = ((top + LANES.ch - (event.clientY - box().top)) / LANES.ch) * TALL_MV;
        return this.hears.changed(deepened(this.timeline, now, Math.round(mv / STEP_MV) * STEP_MV), false);
      }
      // a pixel may be seconds: what is dragged snaps to a whole one, or to a hundredth of what is seen
      const snap = Math.min(STEP_US, 10 ** Math.floor(Math.log10((this.to_us - this.from_us) / 100)));
      const wished = this.time(event.clientX - box().left + shift);
      const [timeline, next] = moved(this.timeline, now, Math.round(wished / snap) * snap);
      now = this.held = next;
      this.hears.changed(timeline, false);
    };
    const up = () => {
      this.svg.removeEventListener("pointermove", move);
      this.svg.removeEventListener("pointerup", up);
      this.svg.removeEventListener("pointercancel", up);
      this.hears.changed(this.timeline, true);
      this.select(now, true);
    };
    // each redraw makes the handles anew, and a finger whose element is gone is heard no more: the drawing stays
    this.svg.setPointerCapture(e.pointerId);
    this.svg.addEventListener("pointermove", move);
    this.svg.addEventListener("pointerup", up);
    this.svg.addEventListener("pointercancel", up);
  }
}
