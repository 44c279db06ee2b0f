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

/** A profile as it is written in the configuration's files now. */
export interface ProfileRow {
  readonly name: string;
  readonly file: string;
  /** Where it begins; counts from 1. */
  readonly line: number;
  /** null: what is written is not in force yet. */
  readonly os: string | null;
  /** How many machines are to become it. */
  readonly machines: number;
}

export interface ProfileText {
  readonly profile: ProfileRow;
  /** "NAME:" and its keys, as YAML. */
  readonly text: string;
  /** Changes with the text. */
  readonly version: string;
}

/** A profile's text that is to take the place of the one that is written, or to be added. */
export interface ProfileEdit {
  /** undefined: a new one, whose name the text says. */
  readonly name?: string | undefined;
  readonly text: string;
}

/** What would come of an edited profile. */
export interface ProfileCheck {
  /** In its text. With errors here or elsewhere nothing was rendered. */
  readonly errors: readonly { readonly line: number; readonly column: number; readonly message: string }[];
  /** As `rackready check` prints them. */
  readonly elsewhere: readonly string[];
  /** The machines that it was rendered for. */
  readonly machines: readonly string[];
  /** Those that it would break, and how; each fault once. */
  readonly broken: readonly { readonly message: string; readonly machines: readonly string[] }[];
  /** Those that would get something else, and what: "kernel line, answer file". */
  readonly changes: readonly { readonly what: string; readonly machines: readonly string[] }[];
  /** For the machine that was named, as if it were to become this; secrets hidden. null: none was named, or it cannot be rendered. */
  readonly preview: { readonly kernelLine: string; readonly answerFile: string | null } | null;
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
  /** In the order of the files; `problems`: why the files cannot be read, as `rackready check` prints it. */
  profiles(): Promise<{ readonly profiles: readonly ProfileRow[]; readonly problems: readonly string[] }>;
  /** undefined: there is no such profile. */
  readProfile(name: string): Promise<ProfileText | undefined>;
  checkProfile(edit: ProfileEdit, machine: string | undefined): Promise<ProfileCheck | undefined>;
  /** `version`: of the text that was edited. */
  saveProfile(edit: ProfileEdit, version: string | undefined): Promise<SaveResult>;
  templates(): readonly TemplateRow[];
  /** undefined: the configuration uses no such template. */
  readTemplate(path: string): Promise<TemplateText | undefined>;
  checkTemplate(path: string, text: string, machine: string | undefined): Promise<TemplateCheck | undefined>;
  /** `version`: of the text that was edited. */
  saveTemplate(path: string, text: string, version: string): Promise<SaveResult | undefined>;
}
