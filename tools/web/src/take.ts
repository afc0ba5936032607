// What is taken along: files, a link, rich text.

import { byId } from "./dom";

export function say(words: string): void {
  byId("took").textContent = words;
}

export function saved(name: string, content: BlobPart, type: string): void {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const a = document.createElement("a");
  a.href = address;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
  say(`${name} was saved.`);
}

export async function copiedText(text: string, words: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    say(words);
  } catch {
    byId<HTMLTextAreaElement>("link-text").hidden = false;
    const place = byId<HTMLTextAreaElement>("link-text");
    place.value = text;
    place.focus();
    place.select();
    say("This browser lets no page copy: the text is selected below, copy it with Ctrl-C.");
  }
}

/** A page as rich text, as a word processor takes it: tables with borders, drawings as pictures. */
export async function copiedRich(html: string): Promise<void> {
  const page = new DOMParser().parseFromString(html, "text/html");
  const body = page.querySelector("main")?.innerHTML ?? html;
  try {
    await navigator.clipboard.write([new ClipboardItem({
      "text/html": new Blob([body], { type: "text/html" }),
      "text/plain": new Blob([page.querySelector("main")?.textContent ?? ""], { type: "text/plain" }),
    })]);
    say("The draft was copied: paste it into a word processor.");
  } catch {
    saved("draft.html", html, "text/html");
    say("This browser lets no page copy rich text: draft.html was saved, open it and copy all of it.");
  }
}
