// What may be done to a timeline. Each function gives a new one; nothing here knows of a screen.

import type { Change, Happening, Lane, Timeline } from "../protocol";

export const FULL_MV = 12_000;
export const MOST_MV = 20_000;
const APART_US = 1;
/** As the engine has it (timeline.py): more edges nobody drags, and longer no timeline is. */
const CHANGES_MOST = 400, END_MOST_US = 40 * 86_400e6;

/** One thing that can be taken hold of: an edge of a lane, the depth of CH power from an edge on, or an event. */
export type Handle = { kind: "edge" | "depth"; lane: Lane; index: number } | { kind: "event"; index: number };

export function sameHandle(a: Handle | undefined, b: Handle | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

export function calm(end_us: number): Timeline {
  return { end_us, mains: [[0, 1]], ch_mv: [[0, FULL_MV]], fitted: [[0, 1]], events: [] };
}

/** When the thing under a handle happens. */
export function timeOf(t: Timeline, handle: Handle): number {
  return handle.kind === "event" ? (t.events[handle.index]?.[0] ?? 0) : (t[handle.lane][handle.index]?.[0] ?? 0);
}

/** How early and how late it may be: an edge stays between its neighbours, an event goes anywhere. */
export function bounds(t: Timeline, handle: Handle): [least_us: number, most_us: number] {
  if (handle.kind === "event") return [0, t.end_us - APART_US];
  const changes = t[handle.lane];
  return [
    (changes[handle.index - 1]?.[0] ?? -APART_US) + APART_US,
    (changes[handle.index + 1]?.[0] ?? t.end_us) - APART_US,
  ];
}

/** With an edge or an event moved to `t_us`, as far as it goes; and the handle of it, which may have another index. */
export function moved(t: Timeline, handle: Handle, t_us: number): [Timeline, Handle] {
  const [least, most] = bounds(t, handle);
  const at = Math.round(Math.min(most, Math.max(least, t_us)));
  if (handle.kind === "event") {
    const event = t.events[handle.index];
    if (!event) return [t, handle];
    const one: Happening = [at, event[1], event[2]];
    const others = t.events.filter((_, i) => i !== handle.index);
    const index = others.filter((other, i) => other[0] < at || (other[0] === at && i < handle.index)).length;
    return [{ ...t, events: [...others.slice(0, index), one, ...others.slice(index)] }, { kind: "event", index }];
  }
  const changes = t[handle.lane].map((change, i): Change => (i === handle.index ? [at, change[1]] : change));
  return [{ ...t, [handle.lane]: changes }, handle];
}

/** With another voltage from an edge of CH power on. */
export function deepened(t: Timeline, handle: Handle, mv: number): Timeline {
  if (handle.kind === "event") return t;
  const level = Math.round(Math.min(MOST_MV, Math.max(0, mv)));
  return { ...t, ch_mv: t.ch_mv.map((change, i): Change => (i === handle.index ? [change[0], level] : change)) };
}

/** Without an edge (its stretch joins the one before it) or an event. */
export function without(t: Timeline, handle: Handle): Timeline {
  if (handle.kind === "event") return { ...t, events: t.events.filter((_, i) => i !== handle.index) };
  if (handle.index === 0) return t;
  return { ...t, [handle.lane]: tidy(t[handle.lane].filter((_, i) => i !== handle.index)) };
}

/** With a stretch of `value` on a lane, a minute long or as long as there is room; undefined if there is none. */
export function withStretch(t: Timeline, lane: Lane, value: number, near_us: number): [Timeline, Handle] | undefined {
  const changes = t[lane];
  if (changes.length + 2 > CHANGES_MOST) return undefined;
  const gaps = changes
    .map((change, i) => ({ from: change[0], to: changes[i + 1]?.[0] ?? t.end_us, value: change[1], i }))
    .filter((gap) => gap.value !== value && gap.to - gap.from > 4_000_000);
  const holding = gaps.find((gap) => gap.from <= near_us && near_us < gap.to);
  const gap = holding ?? gaps.sort((a, b) => b.to - b.from - (a.to - a.from))[0];
  if (!gap) return undefined;
  const length = Math.min(60_000_000, Math.floor((gap.to - gap.from) / 3));
  const wished = holding ? near_us : (gap.from + gap.to - length) / 2;
  const from = Math.round(Math.min(gap.to - length - 1_000_000, Math.max(gap.from + 1_000_000, wished)));
  const more: Change[] = [[from, value], [from + length, gap.value]];
  const index = gap.i + 1;
  return [{ ...t, [lane]: [...changes.slice(0, index), ...more, ...changes.slice(index)] }, { kind: "edge", lane, index }];
}

export function withEvent(t: Timeline, name: string, kind: string, at_us: number): [Timeline, Handle] | undefined {
  if (t.events.length + 1 > CHANGES_MOST) return undefined;
  const at = Math.round(Math.min(t.end_us - APART_US, Math.max(0, at_us)));
  const index = t.events.filter((event) => event[0] <= at).length;
  const one: Happening = [at, name, kind];
  return [{ ...t, events: [...t.events.slice(0, index), one, ...t.events.slice(index)] }, { kind: "event", index }];
}

/** Longer or shorter at its end; never shorter than what happens in it. */
export function lasting(t: Timeline, end_us: number): Timeline {
  const last = Math.max(0, ...(["mains", "ch_mv", "fitted"] as const).map((lane) => t[lane].at(-1)?.[0] ?? 0), ...t.events.map((e) => e[0]));
  return { ...t, end_us: Math.round(Math.min(END_MOST_US, Math.max(last + 1_000_000, end_us))) };
}

/** Every handle in the order of time, so that Tab walks through the story. One that is `held` stays, whatever becomes of it. */
export function handles(t: Timeline, held?: Handle): Handle[] {
  const found: { at: number; handle: Handle }[] = [];
  for (const lane of ["mains", "ch_mv", "fitted"] as const)
    t[lane].forEach((change, index) => {
      if (index > 0) found.push({ at: change[0], handle: { kind: "edge", lane, index } });
      const depth: Handle = { kind: "depth", lane, index };
      if (lane === "ch_mv" && (change[1] !== FULL_MV || sameHandle(held, depth))) found.push({ at: change[0] + 0.5, handle: depth });
    });
  t.events.forEach((event, index) => found.push({ at: event[0], handle: { kind: "event", index } }));
  return found.sort((a, b) => a.at - b.at).map((one) => one.handle);
}

const EVENT_WORDS: Record<string, string> = {
  command: "command accepted", shutdown: "shutdown begins", boot: "boot code runs", application: "application runs", outcome: "outcome reported",
};

/** A handle in words, for who hears the page. */
export function named(t: Timeline, handle: Handle): string {
  if (handle.kind === "event") {
    const event = t.events[handle.index];
    return !event ? "" : event[1] === "reset" ? `${event[2]} reset` : (EVENT_WORDS[event[1]] ?? event[1]);
  }
  const value = t[handle.lane][handle.index]?.[1] ?? 0;
  const before = t[handle.lane][handle.index - 1]?.[1] ?? value;
  if (handle.kind === "depth") return "CH power, how low";
  if (handle.lane === "mains") return value ? "mains comes back" : "mains is lost";
  if (handle.lane === "fitted") return value ? "hub is fitted" : "hub comes off its pins";
  if (value === before) return `CH power stays at ${value / 1000} V`;
  if (value === 0) return "CH power goes off";
  return before < value ? `CH power comes back to ${value / 1000} V` : `CH power falls to ${value / 1000} V`;
}

function tidy(changes: Change[]): Change[] {
  return changes.filter((change, i) => i === 0 || change[1] !== changes[i - 1]?.[1]);
}
