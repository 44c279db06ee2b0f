/** Versions of kickstart, named as in pykickstart but for `fedora`: 43 to 45, which know the same commands. */
export type KickstartVersion = 'rhel7' | 'rhel8' | 'rhel9' | 'rhel10' | 'fedora';

/** A suite of an apt archive, as a line of sources.list(5) names it. */
export interface AptSuite {
  /** Folder of the archive below the root of the mirror; '' is the root. */
  readonly archive: string;
  readonly name: string;
  readonly components: readonly string[];
  /** Where the installed system has the keys that sign it, where that is not with all others. */
  readonly signedBy?: string | undefined;
  /** Its mirror does not follow an upstream: what it has stays good behind the date (Valid-Until) that the upstream gave it. */
  readonly isFrozen?: boolean | undefined;
}

/** What a machine is to become: an operating system's description with the operator's overrides, resolved. */
export interface Profile {
  readonly name: string;
  /** Name of the built-in description ("debian-12"), or "custom". */
  readonly os: string;
  /** How the installer takes its answers; decides arguments and format checks. */
  readonly family: 'debian' | 'anaconda' | 'ubuntu' | 'custom';
  /** Absolute path on this host, URL, or `mirror:NAME/PATH`: a file of a mirror of this host. */
  readonly kernel: string;
  readonly initrd: string;
  /** Its folder below the root of its mirror; undefined: the root itself. */
  readonly mirrorFolder?: string | undefined;
  /** What the installed system takes packages from, of its mirror: suites of its own release. */
  readonly aptSuites?: readonly AptSuite[] | undefined;
  /** Its mirror of Debian was told to leave `non-free-firmware` out. */
  readonly lacksFirmware?: boolean | undefined;
  /** Kernel and initrd in its mirror, preferred where the mirror has them: paths below the mirror's root. */
  readonly inMirror?: { readonly kernel: string; readonly initrd: string } | undefined;
  /** Appended to what the description needs. */
  readonly arguments: string;
  /** Path of the answer-file template (Liquid). */
  readonly answerFile: string;
  /** Which kickstart commands its Anaconda knows; undefined for other installers. */
  readonly kickstart?: KickstartVersion | undefined;
  /** Ubuntu: the live server's ISO, as an absolute path on this host, a URL, or `mirror:NAME/PATH`. */
  readonly iso?: string | undefined;
  /**
   * Where packages come from: URL, `mirror:NAME`, or an absolute folder on this host, which is served below
   * /tree/PROFILE; undefined when the installer brings all it needs.
   */
  readonly source?: string | undefined;
  /** The source is a medium that is booted, and no archive that packages are installed from. */
  readonly isMedium?: boolean | undefined;
  readonly install: 'manual' | 'once';
  /** The kernel runs on 64-bit x86 processors only. */
  readonly needsX64?: boolean | undefined;
  /** How long an installation may take before its grant is used up. */
  readonly deadlineSeconds: number;
}
