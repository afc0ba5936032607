// Chosen rules against every meter of the gallery.

import { byId, h, STATUS_SIGNS, STATUS_WORDS } from "./dom";
import type { Cell, Matrix, Meter } from "./protocol";

export function showMatrix(matrix: Matrix, meters: Meter[], open: (name: string) => void): void {
  const by = new Map<string, Cell[]>();
  for (const cell of matrix.rows) by.set(cell.specimen, [...(by.get(cell.specimen) ?? []), cell]);
  const head = h("tr", {}, h("th", { scope: "col" }, "meter"), h("th", { scope: "col" }, "what the hub did"), ...matrix.rules.map((id) => h("th", { scope: "col" }, id)));
  const rows = [...by].map(([name, cells]) =>
    h("tr", {},
      h("th", { scope: "row" }, h("button", { type: "button", class: "link", onclick: () => open(name) }, name), h("small", {}, meters.find((m) => m.name === name)?.sentence ?? "")),
      h("td", {}, cells[0]?.harm ?? ""),
      ...cells.map((cell) => h("td", { class: `cell ${cell.status} ${cell.flag}`, title: [cell.sentence, cell.holds].filter(Boolean).join(". "), "data-specimen": cell.specimen, "data-rule": cell.rule, "data-status": cell.status, "data-flag": cell.flag, "data-sentence": cell.sentence, "data-holds": cell.holds },
        h("span", { "aria-hidden": "true" }, STATUS_SIGNS[cell.status]), ` ${STATUS_WORDS[cell.status]}`, cell.flag ? h("strong", {}, ` ${cell.flag}`) : null, cell.holds ? h("span", { title: cell.holds }, " ~") : null)),
    ));
  byId("matrix").replaceChildren(
    h("div", { class: "wide", tabIndex: 0, role: "region", "aria-label": "Rules against meters" }, h("table", {}, h("caption", {}, "A meter's name opens it in the timeline."), h("thead", {}, head), h("tbody", {}, ...rows))),
    h("p", { class: "soft" }, "A hole: kept, though the meter did harm. Overreach: broken, though the hub noticed nothing. ~: another hub would change this cell."),
  );
}
