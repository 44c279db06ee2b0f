import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

const sum = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** A yum repository as a table of files: metadata for packages that are no RPMs, by path (`Packages/NAME-VERSION-RELEASE.ARCH.rpm`). */
export function tinyYum(packages: Readonly<Record<string, string>>, revision: number): Record<string, Buffer> {
  const files = Object.entries(packages).map(([path, text]) => [path, Buffer.from(text)] as const);
  const stanzas = files.map(([path, bytes]) => {
    const name = /([^/]+)-[^-]+-[^-]+\.rpm$/.exec(path)?.[1];
    return `<package type="rpm"><name>${name}</name><arch>noarch</arch><checksum type="sha256" pkgid="YES">${sum(bytes)}</checksum>
<size package="${bytes.length}" installed="1" archive="1"/><location href="${path}"/><format></format></package>\n`;
  });
  const open = Buffer.from(`<metadata packages="${files.length}">\n${stanzas.join('')}</metadata>\n`);
  const packed = gzipSync(open);
  const href = `repodata/${sum(packed).slice(0, 16)}-primary.xml.gz`;
  const repomd = `<repomd><revision>${revision}</revision><data type="primary"><checksum type="sha256">${sum(packed)}</checksum>
<open-checksum type="sha256">${sum(open)}</open-checksum><location href="${href}"/><size>${packed.length}</size><open-size>${open.length}</open-size></data></repomd>\n`;
  return { ...Object.fromEntries(files), [href]: packed, 'repodata/repomd.xml': Buffer.from(repomd) };
}
