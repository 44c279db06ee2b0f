import type { Manifest } from './manifest.ts';

/**
 * What stays the same of a package's name when a newer version comes: "bash.x86_64" of `Packages/b/bash-5.1.8-9.el9.x86_64.rpm`
 * (NAME-VERSION-RELEASE.ARCH) and of `pool/main/b/bash/bash_5.2-1_amd64.deb` "bash_amd64". undefined: it is no package.
 */
export function packageKey(path: string): string | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const [, rpm, arch] = /^(.+)-[^-]+-[^-]+\.([^.-]+)\.rpm$/.exec(name) ?? [];
  if (rpm !== undefined) return `${rpm}.${arch}`;
  const [, deb, debArch] = /^([^_]+)_[^_]+_([^_.]+)\.(?:deb|udeb)$/.exec(name) ?? [];
  return deb === undefined ? undefined : `${deb}_${debArch}`;
}

/** Keys of the packages of a state that somebody has asked for, which is why they are here. */
export function learnedKeys(manifest: Manifest, isHere: (sha256: string) => boolean): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const { path, role, sha256 } of manifest.values()) {
    const key = role === 'package' ? packageKey(path) : undefined;
    if (key !== undefined && !keys.has(key) && isHere(sha256)) keys.add(key);
  }
  return keys;
}
