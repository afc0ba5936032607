// Elements in one line each.

type Child = Node | string | null | undefined | false;
type Props = Record<string, unknown>;

/** An element. `class`, `aria-*`, `role` and the like are attributes; `on...` are listeners; the rest are properties. */
export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value as EventListener);
    else if (name in element && !name.includes("-") && name !== "list" && name !== "class") Object.assign(element, { [name]: value });
    else element.setAttribute(name, String(value));
  }
  element.append(...children.filter((c): c is Node | string => c !== null && c !== undefined && c !== false));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

export function s<K extends keyof SVGElementTagNameMap>(tag: K, attributes: Props = {}, ...children: Child[]): SVGElementTagNameMap[K] {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value as EventListener);
    else element.setAttribute(name, String(value));
  }
  element.append(...children.filter((c): c is Node | string => c !== null && c !== undefined && c !== false));
  return element;
}

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as T;
}

/** An SVG as a picture: its styles stay its own, and it prints and copies as one. */
export function picture(svg: string, words: string): HTMLImageElement {
  const bytes = new TextEncoder().encode(svg);
  let text = "";
  for (const b of bytes) text += String.fromCharCode(b);
  return h("img", { src: `data:image/svg+xml;base64,${btoa(text)}`, alt: words });
}

export const STATUS_WORDS = { pass: "kept", fail: "broken", undecided: "undecided", vacuous: "does not apply" } as const;
export const STATUS_SIGNS = { pass: "✓", fail: "✗", undecided: "?", vacuous: "–" } as const;

export function showTime(us: number): string {
  const sign = us < 0 ? "-" : "";
  // rounded first: what is left of a minute is never 60 s
  const all = Math.round(Math.abs(us) / 1e3) * 1e3;
  const minutes = Math.floor(all / 60e6);
  const seconds = (all - minutes * 60e6) / 1e6;
  const shown = String(Math.round(seconds * 1e3) / 1e3);
  if (!minutes) return `${sign}${shown} s`;
  const hours = Math.floor(minutes / 60);
  const rest = [minutes % 60 ? `${minutes % 60} min` : "", seconds ? `${shown} s` : ""].filter(Boolean).join(" ");
  if (!hours) return `${sign}${rest}`;
  const days = Math.floor(hours / 24);
  return days ? `${sign}${days} d ${hours % 24} h ${minutes % 60} min` : `${sign}${hours} h ${rest}`.trim();
}
