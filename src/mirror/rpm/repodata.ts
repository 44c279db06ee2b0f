import type { Digest } from '../plan.ts';
import { dependencyKinds, isPrimaryFile, type RpmDependency } from './dependencies.ts';
import type { RpmPackage } from './package.ts';

/** A package where it lies in a repository. */
export interface PlacedPackage {
  readonly rpm: RpmPackage;
  /** From the repository's folder. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Seconds since 1970. */
  readonly fileTime: number;
}

const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** primary.xml as createrepo_c writes it. */
export function primaryXml(packages: readonly PlacedPackage[]): string {
  const names = 'xmlns="http://linux.duke.edu/metadata/common" xmlns:rpm="http://linux.duke.edu/metadata/rpm"';
  return `${HEAD}<metadata ${names} packages="${packages.length}">\n${packages.map(primaryOf).join('')}</metadata>\n`;
}

export function filelistsXml(packages: readonly PlacedPackage[]): string {
  const names = 'xmlns="http://linux.duke.edu/metadata/filelists"';
  return `${HEAD}<filelists ${names} packages="${packages.length}">\n${packages.map(filelistOf).join('')}</filelists>\n`;
}

export function otherXml(packages: readonly PlacedPackage[]): string {
  const names = 'xmlns="http://linux.duke.edu/metadata/other"';
  return `${HEAD}<otherdata ${names} packages="${packages.length}">\n${packages.map(otherOf).join('')}</otherdata>\n`;
}

/** One `<data>`: a compressed file of metadata. */
export interface MadeMetadata {
  readonly type: string;
  readonly path: string;
  readonly digest: Digest;
  readonly openDigest: Digest;
  readonly bytes: number;
  readonly openBytes: number;
}

/** `revision`, `timestamp`: seconds since 1970. */
export function repomdXml(revision: number, data: readonly MadeMetadata[]): string {
  const names = 'xmlns="http://linux.duke.edu/metadata/repo" xmlns:rpm="http://linux.duke.edu/metadata/rpm"';
  const items = data.map(
    (item) => `  <data type="${item.type}">
    <checksum type="${item.digest.algorithm}">${item.digest.hex}</checksum>
    <open-checksum type="${item.openDigest.algorithm}">${item.openDigest.hex}</open-checksum>
    <location href="${attribute(item.path)}"/>
    <timestamp>${revision}</timestamp>
    <size>${item.bytes}</size>
    <open-size>${item.openBytes}</open-size>
  </data>
`,
  );
  return `${HEAD}<repomd ${names}>\n  <revision>${revision}</revision>\n${items.join('')}</repomd>\n`;
}

function primaryOf({ rpm, path, bytes, sha256, fileTime }: PlacedPackage): string {
  const files = rpm.files.filter((file) => isPrimaryFile(file.path));
  return `<package type="rpm">
  <name>${text(rpm.name)}</name>
  <arch>${text(rpm.arch)}</arch>
  ${versionOf(rpm)}
  <checksum type="sha256" pkgid="YES">${sha256}</checksum>
  <summary>${text(rpm.summary)}</summary>
  <description>${text(rpm.description)}</description>
  <packager>${text(rpm.packager)}</packager>
  <url>${text(rpm.url)}</url>
  <time file="${fileTime}" build="${rpm.buildTime}"/>
  <size package="${bytes}" installed="${rpm.installedBytes}" archive="${rpm.archiveBytes}"/>
  <location href="${attribute(path)}"/>
  <format>
    <rpm:license>${text(rpm.license)}</rpm:license>
    <rpm:vendor>${text(rpm.vendor)}</rpm:vendor>
    <rpm:group>${text(rpm.group)}</rpm:group>
    <rpm:buildhost>${text(rpm.buildHost)}</rpm:buildhost>
    <rpm:sourcerpm>${text(rpm.sourceRpm)}</rpm:sourcerpm>
    <rpm:header-range start="${rpm.headerStart}" end="${rpm.headerEnd}"/>
${dependencyKinds.map((kind) => dependencyList(kind, rpm.dependencies[kind])).join('')}${fileList(files, '    ')}  </format>
</package>
`;
}

function filelistOf({ rpm, sha256 }: PlacedPackage): string {
  return `<package pkgid="${sha256}" name="${attribute(rpm.name)}" arch="${attribute(rpm.arch)}">
  ${versionOf(rpm)}
${fileList(rpm.files, '  ')}</package>
`;
}

function otherOf({ rpm, sha256 }: PlacedPackage): string {
  const changes = rpm.changes.map(
    (change) =>
      `  <changelog author="${attribute(change.author)}" date="${change.date}">${text(change.text)}</changelog>\n`,
  );
  return `<package pkgid="${sha256}" name="${attribute(rpm.name)}" arch="${attribute(rpm.arch)}">
  ${versionOf(rpm)}
${changes.join('')}</package>
`;
}

function versionOf(rpm: RpmPackage): string {
  return `<version epoch="${rpm.epoch}" ver="${attribute(rpm.version)}" rel="${attribute(rpm.release)}"/>`;
}

function dependencyList(kind: string, list: readonly RpmDependency[]): string {
  if (list.length === 0) return '';
  return `    <rpm:${kind}>\n${list.map(dependencyOf).join('')}    </rpm:${kind}>\n`;
}

function dependencyOf({ name, flags, epoch, version, release, isPre }: RpmDependency): string {
  const given: [string, string | undefined][] = [
    ['name', name],
    ['flags', flags],
    ['epoch', flags && epoch],
    ['ver', flags && version],
    ['rel', flags && release],
    ['pre', isPre ? '1' : undefined],
  ];
  const attributes = given.flatMap(([key, value]) => (value === undefined ? [] : [` ${key}="${attribute(value)}"`]));
  return `      <rpm:entry${attributes.join('')}/>\n`;
}

function fileList(files: RpmPackage['files'], indent: string): string {
  const lines = files.map(({ path, type }) => `${indent}<file${type && ` type="${type}"`}>${text(path)}</file>\n`);
  return lines.join('');
}

const REPLACED: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
  '\n': '&#10;',
  '\t': '&#9;',
};

function text(value: string): string {
  return clean(value).replace(/[&<>\r]/g, (char) => REPLACED[char] ?? char);
}

function attribute(value: string): string {
  return clean(value).replace(/[&<>"\r\n\t]/g, (char) => REPLACED[char] ?? char);
}

/** XML 1.0 cannot have these at all, not even as references. */
function clean(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return value.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '');
}
