// A capture that is brought: read and judged here, sent nowhere.

import { byId, h, picture } from "./dom";
import type { Captured, CaptureFields } from "./protocol";
import { badge } from "./verdicts";

const SIGNALS: [signal: string, words: string][] = [
  ["ch_mv", "CH power"], ["hub_mv", "CH power at the hub"], ["mains", "mains"], ["reset", "meter in reset"], ["running_n", "meter runs (low)"],
  ["ch_present", "CH fitted"], ["ac_lost", "AC lost"], ["ch_enable", "CH power switched on"],
];
export const CAPTURE_BYTES_MAX = 200 * 1024 * 1024;
const ASSUMED = ["mains on", "CH fitted", "ac ok"];

export class CapturePanel {
  private file: File | undefined;

  constructor(private readonly judge: (file: File, fields: CaptureFields) => void) {
    const drop = byId("drop"), input = byId<HTMLInputElement>("capture-file");
    drop.addEventListener("dragover", (e) => { e.preventDefault(); drop.classList.add("over"); });
    drop.addEventListener("dragleave", () => drop.classList.remove("over"));
    drop.addEventListener("drop", (e) => {
      e.preventDefault();
      drop.classList.remove("over");
      this.take(e.dataTransfer?.files[0]);
    });
    input.addEventListener("change", () => this.take(input.files?.[0]));
    byId("capture-form").addEventListener("submit", (e) => {
      e.preventDefault();
      if (this.file) this.judge(this.file, this.fields());
    });
  }

  again(): void {
    if (this.file) this.judge(this.file, this.fields());
  }

  shows(found: Captured): void {
    const form = byId("capture-fields");
    const kept = this.fields();
    form.hidden = false;
    byId("capture-channels").replaceChildren(...SIGNALS.map(([signal, words]) => {
      const id = `map-${signal}`;
      const options = ["", ...found.channels].map((name) => h("option", { value: name, selected: kept.map[signal] === name }, name || "not captured, or by its own name"));
      return h("p", {}, h("label", { htmlFor: id }, `channel of ${words} (${signal})`), h("select", { id }, ...options));
    }));
    byId("capture-result").replaceChildren(
      found.bad ? h("p", { class: "error", role: "alert" }, found.bad) : h("p", { class: "soft" }, `${found.name} rests on: ${found.rests_on.join("; ") || "nothing"}.`),
      ...found.verdicts.map((v) => h("p", { class: `result ${v.status}`, "data-rule": v.id, "data-status": v.status }, badge(v.status), " ", h("strong", {}, v.id), ` ${v.sentence}`)),
      ...(found.svg ? [h("div", { class: "wide", tabIndex: 0, role: "region", "aria-label": "The capture" }, picture(found.svg, `The capture ${found.name}. ${found.verdicts[0]?.sentence ?? ""}`))] : []),
    );
  }

  fails(says: string): void {
    byId("capture-result").replaceChildren(h("p", { class: "error", role: "alert" }, says));
  }

  private take(file: File | undefined): void {
    if (!file) return;
    this.file = file;
    byId("capture-fields").hidden = true;
    byId("capture-channels").replaceChildren();
    if (file.size > CAPTURE_BYTES_MAX) return this.fails(`${file.name} has ${Math.round(file.size / 1e6)} MB; a browser's memory takes 200: cut it up, or use the command line`);
    this.judge(file, this.fields());
  }

  private fields(): CaptureFields {
    const value = (id: string) => (document.getElementById(id) as HTMLInputElement | HTMLSelectElement | null)?.value ?? "";
    return {
      map: Object.fromEntries(SIGNALS.map(([signal]) => [signal, value(`map-${signal}`)]).filter(([, channel]) => channel)) as Record<string, string>,
      at: value("capture-at"), threshold: value("capture-threshold"), scale: value("capture-scale"), blip: value("capture-blip"), zone: value("capture-zone"),
      assume: ASSUMED.filter((words) => byId<HTMLInputElement>(`assume-${words.replace(" ", "-")}`).checked),
    };
  }
}
