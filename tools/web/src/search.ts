// What audit and compare have found.

import { byId, h } from "./dom";
import type { Find, Timeline } from "./protocol";

export function showFinds(found: Find[], none: string, open: (timeline: Timeline, words: string) => void): void {
  byId("finds").replaceChildren(...(found.length ? found.map((find) =>
    h("article", { class: `find ${find.flag}` },
      h("h4", {}, find.title),
      h("ol", {}, ...find.steps.map((step) => h("li", {}, step))),
      h("p", {}, h("strong", {}, "The hub: "), find.harm),
      ...find.said.map((line) => h("p", {}, line)),
      find.others.length ? h("details", {}, h("summary", {}, `${find.others.length} more of the same kind`), h("ul", {}, ...find.others.map((steps) => h("li", {}, steps.join("; "))))) : null,
      h("button", { type: "button", onclick: () => open(find.timeline, find.title) }, "open in the timeline"),
    )) : [h("p", {}, none)]));
}
