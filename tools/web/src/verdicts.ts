// The verdicts, what the meter did to its hub first.

import { byId, h, STATUS_SIGNS, STATUS_WORDS } from "./dom";
import type { Judged, Status, Verdict } from "./protocol";

export function badge(status: Status, flag = ""): HTMLElement {
  return h("span", { class: `badge ${status}` }, h("span", { "aria-hidden": "true" }, `${STATUS_SIGNS[status]} `), STATUS_WORDS[status], flag ? `, ${flag}` : "");
}

/** `first` is the rule that is edited. */
export function showVerdicts(judged: Judged, first: Verdict | undefined, stale: boolean, pending: string): void {
  const harmful = judged.kinds.length > 0;
  const head = byId("headline");
  head.className = `headline ${first ? (first.flag || first.status) : "none"}`;
  head.replaceChildren(...[
    h("p", { class: "big" }, first ? badge(first.status) : pending || "no rule that can be read", first ? ` ${first.sentence}` : ""),
    h("p", {}, h("strong", {}, harmful ? "The hub was harmed: " : "The hub: "), judged.harm, "."),
    first?.flag === "hole" ? h("p", {}, h("strong", {}, "A hole: "), "the rule is kept, though the meter did harm.") : null,
    first?.flag === "overreach" ? h("p", {}, h("strong", {}, "Overreach: "), "the rule is broken, though the hub noticed nothing.") : null,
    stale && first ? h("p", { class: "soft" }, "The text of the rule cannot be read as it stands; this is the verdict of the last one that could.") : null,
  ].filter((part) => part !== null));
  byId("verdict-rows").replaceChildren(...judged.verdicts.map((v) =>
    h("tr", {}, h("th", { scope: "row" }, v.id), h("td", {}, badge(v.status, v.flag)), h("td", {}, v.sentence)),
  ));
  byId("alerts-said").textContent = judged.alerts.length || judged.missed.length
    ? [...judged.alerts.map((a) => `AD1 at ${Math.round(a.t_us / 1e6)} s, ${a.legitimate ? "legitimate" : "false"}, ${a.doing}'s doing`), ...judged.missed.map((t) => `no AD1 at ${Math.round(t / 1e6)} s: the hub's store was empty`)].join("; ") + "."
    : "No AD1.";
}
