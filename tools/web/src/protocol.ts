// What page and engine say to each other. The other side of it is tools/ridethrough/web/engine.py.

export type Change = [t_us: number, value: number];
export type Happening = [t_us: number, name: string, kind: string];
export type Lane = "mains" | "ch_mv" | "fitted";

/** Changes are in order and the first stands at 0; `events` are in order. */
export interface Timeline {
  end_us: number;
  mains: Change[];
  ch_mv: Change[];
  fitted: Change[];
  events: Happening[];
}

export type Status = "pass" | "fail" | "undecided" | "vacuous";

export interface Verdict {
  id: string;
  status: Status;
  sentence: string;
  flag: string;
  from_us: number | null;
  to_us: number | null;
  ran_out_us: number | null;
}

export interface Judged {
  hub: [t_us: number, state: string][];
  alerts: { t_us: number; since_us: number; doing: string; legitimate: boolean }[];
  missed: number[];
  harm: string;
  kinds: string[];
  verdicts: Verdict[];
}

export interface LibraryRule { id: string; text: string; written: string; open: boolean }
export interface Meter { name: string; title: string; sentence: string }
export interface Figure { key: string; words: string; value: number; least: number; most: number }
export interface Key { key: string; says: string; default: string; choices: string[] }
export interface Question { key: string; text: string; choices: { words: string; value: string }[] }

export interface Start {
  version: string;
  rules: LibraryRule[];
  meters: Meter[];
  figures: Figure[];
  keys: Key[];
  questions: Question[];
}

export interface Rule {
  id: string;
  english: string[];
  warnings: string[];
  count: number;
  open: string[];
  reading: Record<string, string>;
  limits: number;
}

export interface Drawn { name: string; formula: string[]; note: string; svg: string; said: string }
export interface Range { key: string; least: number | null; most: number | null }
export interface Cell { specimen: string; tag: string; rule: string; status: Status; sentence: string; flag: string; harm: string; holds: string }
export interface Matrix { rules: string[]; rows: Cell[] }
export interface Find { title: string; flag: string; steps: string[]; said: string[]; harm: string; timeline: Timeline; others: string[][] }
export interface Openness { readings: number; settles: { key: string; says: string; share: number }[]; depending: number; meters: number }
export interface Captured {
  name: string;
  channels: string[];
  bad: string;
  rests_on: string[];
  verdicts: { id: string; status: Status; sentence: string }[];
  svg: string;
}

/** What a user did that cannot be done, in one line; `line` counts from 1, 0 if it is about no line. */
export interface Bad { says: string; line: number; column: number }

export type Hub = Record<string, number>;

/** A rule of the library, or what is written on the page. */
export type RuleRef = { library: string } | { written: string };

export interface Questions {
  start: { takes: Record<string, never>; gives: Start };
  rule: { takes: { written: string }; gives: Rule };
  drawn: { takes: { written: string }; gives: Drawn[] };
  set_key: { takes: { written: string; key: string; value: string }; gives: { written: string } };
  judge: { takes: { timeline: Timeline; hub: Hub; rules: RuleRef[] }; gives: Judged };
  ranges: { takes: { timeline: Timeline; hub: Hub; rules: RuleRef[] }; gives: Range[] };
  preset: { takes: { name: string }; gives: { timeline: Timeline; title: string; sentence: string } };
  matrix: { takes: { rules: RuleRef[] }; gives: Matrix };
  open: { takes: { written: string }; gives: Openness };
  compare: { takes: { rules: RuleRef[] }; gives: { found: Find[] } };
  audit: { takes: { rules: RuleRef[] }; gives: { found: Find[] } };
  vcd: { takes: { timeline: Timeline; hub: Hub }; gives: { text: string } };
  svg: { takes: { timeline: Timeline; hub: Hub; written: string }; gives: { text: string } };
  draft: { takes: { written: string }; gives: { text: string } };
  cases: { takes: { written: string }; gives: { name: string; base64: string } };
  capture: { takes: { path: string; fields: CaptureFields; rules: RuleRef[] }; gives: Captured };
}

export interface CaptureFields { map: Record<string, string>; at: string; assume: string[]; threshold: string; scale: string; blip: string; zone: string }

export interface Asked { id: number; name: string; takes: string; file?: { name: string; bytes: ArrayBuffer } }
export type Told =
  | { id: number; kind: "progress"; what: string; done: number; total: number }
  | { id: number; kind: "answer"; json: string; ms: number }
  | { id: number; kind: "defect"; says: string };
