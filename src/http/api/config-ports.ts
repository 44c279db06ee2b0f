import type { ReloadResult } from './ports.ts';

/** A template of answer files that the configuration uses or names. */
export interface TemplateRow {
  /** Absolute. */
  readonly path: string;
  /** Its name in `templates`; null: it has none. */
  readonly name: string | null;
  /** It comes with rackready and is replaced with it: to be copied, not to be edited. */
  readonly isBuiltIn: boolean;
  readonly profiles: readonly string[];
  /** How many machines of the configuration it is rendered for. */
  readonly machines: number;
}

export interface TemplateText {
  readonly template: TemplateRow;
  readonly text: string;
  /** Changes with the text. */
  readonly version: string;
}

export interface TemplateProblemView {
  readonly machine: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** What would come of an edited template. */
export interface TemplateCheck {
  /** Of the configuration itself, as `rackready check` prints them: nothing can be rendered until they are mended. */
  readonly errors: readonly string[];
  /** The machines that it was rendered for. */
  readonly machines: readonly string[];
  readonly problems: readonly TemplateProblemView[];
  /** For the machine that was named: its answer file, secrets hidden; null: none was named, or it cannot be rendered. */
  readonly preview: string | null;
}

export type SaveResult =
  | { readonly kind: 'saved'; readonly files: readonly string[]; readonly server: ReloadResult }
  /** The server was started without a configuration. */
  | { readonly kind: 'no-configuration' }
  | { readonly kind: 'refused'; readonly reason: string }
  /** It is not what it was when the edit began: somebody else has saved. */
  | { readonly kind: 'changed-meanwhile'; readonly what: string }
  /** As `rackready check` prints them. */
  | { readonly kind: 'invalid'; readonly problems: readonly string[] }
  | { readonly kind: 'cannot-write'; readonly file: string; readonly reason: string };

/** What a host without a configuration has, and what it could begin with. */
export interface FirstSteps {
  /** Its Ethernet interfaces. */
  readonly interfaces: readonly {
    readonly name: string;
    readonly mac: string | null;
    /** "192.168.1.10/24" */
    readonly addresses: readonly string[];
    /** Switched on. */
    readonly isUp: boolean;
    /** Something is at the other end of the cable. */
    readonly hasCarrier: boolean;
  }[];
  /** Where `up` would find a configuration. */
  readonly path: string;
  /** A commented configuration, in full. */
  readonly proposal: string;
  /** Why it cannot be taken as it is, as `rackready check` says it: two interfaces in one network, say. */
  readonly problems: readonly string[];
}

/** Edits of the configuration's files, as far as the server's account may write them. Nothing is written that has an error. */
export interface ConfigAdmin {
  /** For one interface, or for all. */
  firstSteps(interfaceName: string | undefined): Promise<FirstSteps>;
  addMachine(name: string, values: Readonly<Record<string, unknown>>): Promise<SaveResult>;
  /** `before`: the notes that were edited; empty: there were none. Empty notes are taken out. */
  setNotes(name: string, notes: string, before: string): Promise<SaveResult>;
  templates(): readonly TemplateRow[];
  /** undefined: the configuration uses no such template. */
  readTemplate(path: string): Promise<TemplateText | undefined>;
  checkTemplate(path: string, text: string, machine: string | undefined): Promise<TemplateCheck | undefined>;
  /** `version`: of the text that was edited. */
  saveTemplate(path: string, text: string, version: string): Promise<SaveResult | undefined>;
}
