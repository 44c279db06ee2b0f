/** Kinds of firmware that a request can be made up for. */
export const firmwareKinds = ['bios', 'uefi-x64', 'uefi-ia32', 'uefi-arm64', 'http', 'ipxe', 'mac'] as const;
export type FirmwareKind = (typeof firmwareKinds)[number];

/** A value and where it comes from: "machines.sm1.address (rack.yaml:31:20)", "built-in default". */
export interface RenderedValue {
  readonly name: string;
  readonly value: string;
  readonly origin: string;
}

/** What DHCP answers one kind of firmware, and what its loader is told. */
export interface RenderedBoot {
  readonly firmware: FirmwareKind;
  /** Whether the machine was last heard with this firmware. */
  readonly isLastSeen: boolean;
  /** "offer", "proxy offer" or "none"; for a Mac "list of 2" (images) or "none". */
  readonly answer: string;
  /** Why there is no answer, or no boot file; null: there is one. */
  readonly reason: string | null;
  /** What would change that. */
  readonly bootFile: string | null;
  readonly loader: string | null;
  /** Header fields and options by name, in the order in which they are sent. */
  readonly options: readonly (RenderedValue & { readonly code: number | null })[];
  /** Options of the configuration that this firmware does not ask for, and so does not get. */
  readonly notAsked: readonly string[];
  /** What the loader is told; null: no loader. */
  readonly config: { readonly file: string; readonly dialect: string; readonly text: string } | null;
}

/** The installer's side. */
export interface RenderedInstallation {
  readonly profile: string;
  /** Whether it is what the machine would do now; otherwise what it would do after `rackready install`. */
  readonly isNow: boolean;
  readonly kernel: RenderedValue;
  readonly initrd: RenderedValue;
  /** The words of the kernel line in order. */
  readonly words: readonly Omit<RenderedValue, 'name'>[];
  readonly answerFile: {
    readonly name: string;
    /** Path of the template. */
    readonly template: string;
    readonly text: string | null;
    /** Why the machine would not get it now; null: it would. */
    readonly problem: string | null;
    /** What the template is given. */
    readonly values: readonly RenderedValue[];
  };
}

/** Everything that a machine would be sent if it were switched on now. Tokens are placeholders. */
export interface RenderView {
  readonly machine: string;
  readonly facts: readonly RenderedValue[];
  readonly decision: { readonly kind: string; readonly reason: string };
  /** The firmware that it was last heard with; null: never heard. */
  readonly lastSeen: FirmwareKind | null;
  readonly boots: readonly RenderedBoot[];
  /** null: it has no profile that can be installed. */
  readonly installation: RenderedInstallation | null;
}
