// The rule that is edited: its text with the errors of the command line, and what it says.

import { StreamLanguage } from "@codemirror/language";
import { toml } from "@codemirror/legacy-modes/mode/toml";
import { setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { EditorView, basicSetup } from "codemirror";
import { byId, h, picture } from "./dom";
import type { Bad, Drawn, Key, Openness, Question, Rule } from "./protocol";

const REST_MS = 150;
const NOTHING = "none";
const OPEN = "?";

export interface Hears {
  written(text: string): void;
  answered(key: string, value: string): void;
}

export class RulePanel {
  private readonly view: EditorView;
  private timer = 0;
  private quiet = false;

  constructor(private readonly keys: Key[], private readonly questions: Question[], private readonly hears: Hears) {
    this.view = new EditorView({
      parent: byId("editor"),
      extensions: [
        basicSetup,
        StreamLanguage.define(toml),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": "The rule, in the language of rule files" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !this.quiet) {
            clearTimeout(this.timer);
            this.timer = window.setTimeout(() => this.hears.written(this.text), REST_MS);
          }
          if (update.docChanged || update.selectionSet) this.help();
        }),
      ],
    });
  }

  get text(): string { return this.view.state.doc.toString(); }

  /** Puts another rule there; nobody is told, who puts it knows. */
  put(text: string): void {
    if (text === this.text) return;
    this.quiet = true;
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } });
    this.quiet = false;
  }

  bad(bad: Bad | undefined): void {
    const place = byId("rule-error");
    place.textContent = bad ? (bad.line ? `Line ${bad.says}` : bad.says) : "";
    place.hidden = !bad;
    const found: Diagnostic[] = [];
    if (bad && bad.line >= 1 && bad.line <= this.view.state.doc.lines) {
      const line = this.view.state.doc.line(bad.line);
      const from = Math.min(line.to, line.from + bad.column);
      found.push({ from, to: Math.max(line.to, from), severity: "error", message: bad.says });
    }
    this.view.dispatch(setDiagnostics(this.view.state, found));
  }

  says(rule: Rule): void {
    byId("english").replaceChildren(...rule.english.map((text) => coded("p", text)), ...rule.warnings.map((text) => h("p", { class: "warning" }, `Beware: ${text}.`)));
    const n = rule.count;
    byId("readings").textContent = n > 1
      ? `${n.toLocaleString("en-GB")} readings: ${rule.open.length} ${rule.open.length > 1 ? "keys are" : "key is"} not decided (${rule.open.join(", ")}).`
      : "One reading: every key is decided.";
    byId<HTMLButtonElement>("first-button").hidden = n <= 1;
    if (n <= 1) byId("first").replaceChildren();
    this.ask(rule);
  }

  draws(drawn: Drawn[]): void {
    byId("drawn").replaceChildren(...drawn.flatMap((one) => [
      ...(one.name ? [h("h4", {}, one.name)] : []),
      one.svg ? h("div", { class: "wide", tabIndex: 0, role: "region", "aria-label": "Diagram of the rule" }, picture(one.svg, one.said)) : h("p", { class: "soft" }, one.said),
      h("details", {}, h("summary", {}, "as a formula (signal temporal logic)"), h("pre", { tabIndex: 0, role: "region", "aria-label": "Formula" }, one.formula.join("\n")), h("p", { class: "soft" }, one.note)),
    ]));
  }

  first(found: Openness): void {
    byId("first").replaceChildren(
      h("p", {}, `Over ${found.meters} meters, ${found.depending} verdicts depend on the reading. Decide these first:`),
      h("ol", {}, ...found.settles.map((one) => h("li", {}, `${one.says} `, h("code", {}, one.key), `: ${Math.round(one.share * 100)} % of the doubt`))),
    );
  }

  private help(): void {
    const line = this.view.state.doc.lineAt(this.view.state.selection.main.head).text;
    const key = this.keys.find((one) => line.match(new RegExp(`^\\s*${one.key}\\s*=`)));
    byId("key-help").replaceChildren(...(key
      ? [h("code", {}, key.key), `: ${key.says}. ${key.choices.length ? `Fits: ${key.choices.map((c) => (c === NOTHING ? "left out" : c)).join("; ")}; or "${OPEN}" for not decided.` : ""}`]
      : ["Put the cursor on a key for what it means and what fits."]));
  }

  private ask(rule: Rule): void {
    const place = byId("questions");
    if (rule.limits > 1) {
      place.replaceChildren(h("p", { class: "soft" }, `This rule has ${rule.limits} limits: which of them an answer is for has to be written.`));
      return;
    }
    const focused = document.activeElement instanceof HTMLInputElement ? document.activeElement.id : "";
    place.replaceChildren(...this.questions.filter((q) => !(rule.reading["during"] === "always" && (q.key === "from" || q.key === "to"))).map((q) => {
      const key = this.keys.find((one) => one.key === q.key);
      const value = rule.reading[q.key] ?? (key?.default || NOTHING);
      const known = q.choices.some((c) => c.value === value) || value === OPEN;
      const choices = [...q.choices, ...(known ? [] : [{ words: `in other words: ${value}`, value }]), { words: "not decided", value: OPEN }];
      return h("fieldset", {}, h("legend", {}, q.text, " ", h("code", {}, q.key)), ...choices.map((choice, i) => {
        const id = `q-${q.key}-${i}`;
        return h("label", { htmlFor: id, class: choice.value === value ? "chosen" : "" },
          h("input", { type: "radio", id, name: `q-${q.key}`, value: choice.value, checked: choice.value === value, onchange: () => this.hears.answered(q.key, choice.value) }), ` ${choice.words}`);
      }));
    }));
    if (focused) document.getElementById(focused)?.focus();
  }
}

/** A paragraph in which words in backticks are keys and their values. */
function coded(tag: "p", text: string): HTMLElement {
  return h(tag, {}, ...text.split("`").map((part, i) => (i % 2 ? h("code", {}, part) : part)));
}
