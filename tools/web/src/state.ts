// What the page is about: the rule that is edited, the rules chosen beside it, the timeline, the hub. A link holds all of it.

import type { Hub, Timeline } from "./protocol";

export interface State {
  written: string;
  chosen: string[];
  timeline: Timeline;
  hub: Hub;
}

const MARK = "#w1=";
const LINK_MAX = 200_000;

export async function toFragment(state: State): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(state));
  const packed = await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate-raw"))).arrayBuffer();
  let text = "";
  for (const b of new Uint8Array(packed)) text += String.fromCharCode(b);
  return MARK + btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** What a link holds; undefined if it holds nothing of ours. An error if it is ours, and damaged. */
export async function ofFragment(fragment: string): Promise<State | undefined> {
  if (!fragment.startsWith(MARK)) return undefined;
  if (fragment.length > LINK_MAX) throw new Error("the link is longer than any that this page makes");
  try {
    const text = atob(fragment.slice(MARK.length).replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
    const json = await bounded(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")));
    const found = JSON.parse(json) as Partial<State>;
    const sound = typeof found.written === "string" && Array.isArray(found.chosen) && found.chosen.every((c) => typeof c === "string")
      && isObject(found.timeline) && isObject(found.hub);
    if (!sound) throw new Error("parts of it are missing");
    return found as State;
  } catch (problem) {
    throw new Error(`the link is damaged: was all of it copied? (${(problem as Error).message})`);
  }
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

async function bounded(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += decoder.decode(value, { stream: true });
    if (text.length > 20 * LINK_MAX) throw new Error("it holds more than any that this page makes");
  }
}
