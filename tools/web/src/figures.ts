// The hub's figures as sliders, each with the stretch over which the verdicts hold.

import { h, showTime } from "./dom";
import type { Figure, Hub, Range } from "./protocol";

const STEPS = 400;

export class Figures {
  readonly element = h("div", { class: "figures" });
  private rows = new Map<string, { figure: Figure; input: HTMLInputElement; out: HTMLElement; track: HTMLElement; says: HTMLElement }>();

  constructor(figures: Figure[], private readonly changed: (hub: Hub) => void) {
    for (const figure of figures) {
      const id = `figure-${figure.key}`;
      const out = h("output", { class: "value" });
      const track = h("div", { class: "track", "aria-hidden": "true" });
      const says = h("small", { class: "soft" });
      const input = h("input", { type: "range", id, min: "0", max: String(STEPS), step: "1", oninput: () => this.moved(figure.key) });
      this.element.append(h("div", { class: "figure" }, h("label", { htmlFor: id }, figure.words), out, h("div", { class: "slot" }, track, input), says));
      this.rows.set(figure.key, { figure, input, out, track, says });
    }
    this.show({});
  }

  /** The figures that differ from the assumed ones. */
  get hub(): Hub {
    const hub: Hub = {};
    for (const [key, { figure, input }] of this.rows) {
      const value = valueOf(figure, Number(input.value));
      if (Number(input.value) !== positionOf(figure, figure.value)) hub[key] = value;
    }
    return hub;
  }

  show(hub: Hub): void {
    for (const [key, row] of this.rows) {
      row.input.value = String(positionOf(row.figure, hub[key] ?? row.figure.value));
      this.say(key);
    }
  }

  /** How far the verdicts hold; nothing while that is not known. */
  holds(ranges: Range[] | undefined): void {
    for (const [key, { figure, track, says }] of this.rows) {
      const range = ranges?.find((one) => one.key === key);
      const from = range ? (range.least === null ? 0 : positionOf(figure, range.least) / STEPS) : 0;
      const to = range ? (range.most === null ? 1 : positionOf(figure, range.most) / STEPS) : 0;
      track.style.setProperty("--from", `${from * 100}%`);
      track.style.setProperty("--to", `${to * 100}%`);
      const parts = [range?.least != null ? `${shown(figure, range.least)} or more` : "", range?.most != null ? `${shown(figure, range.most)} or less` : ""].filter(Boolean);
      says.textContent = !range ? "" : parts.length ? `as now for ${parts.join(" and ")}` : `as now from ${shown(figure, figure.least)} to ${shown(figure, figure.most)}`;
    }
  }

  private moved(key: string): void {
    this.say(key);
    this.changed(this.hub);
  }

  private say(key: string): void {
    const { figure, input, out } = this.rows.get(key)!;
    const value = valueOf(figure, Number(input.value));
    out.textContent = shown(figure, value);
    input.setAttribute("aria-valuetext", shown(figure, value));
  }
}

function shown(figure: Figure, value: number): string {
  return figure.key.endsWith("_mv") ? `${Math.round(value / 10) / 100} V` : showTime(value);
}

// the default stands exactly where its position is, so that an untouched slider is the assumed figure
function positionOf(figure: Figure, value: number): number {
  const [a, b] = [Math.log(figure.least), Math.log(figure.most)];
  return Math.round(((Math.log(Math.min(figure.most, Math.max(figure.least, value))) - a) / (b - a)) * STEPS);
}

function valueOf(figure: Figure, position: number): number {
  if (position === positionOf(figure, figure.value)) return figure.value;
  const [a, b] = [Math.log(figure.least), Math.log(figure.most)];
  const exact = Math.exp(a + ((b - a) * position) / STEPS);
  const unit = figure.key.endsWith("_mv") ? 10 : exact >= 60e6 ? 5e6 : 1e6;
  return Math.min(figure.most, Math.max(figure.least, Math.round(exact / unit) * unit));
}
