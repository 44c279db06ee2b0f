/**
 * Compares two versions as dpkg does (deb-version(7)): epoch, upstream version, revision; in turns a part without digits, where `~`
 * sorts before the end and letters before other signs, and a number. Negative, 0 or positive.
 */
export function compareDebVersions(one: string, other: string): number {
  const a = split(one);
  const b = split(other);
  return a.epoch - b.epoch || compareParts(a.upstream, b.upstream) || compareParts(a.revision, b.revision);
}

function split(version: string) {
  const [, epoch = '0', rest = ''] = /^(?:(\d+):)?(.*)$/s.exec(version) ?? [];
  const dash = rest.lastIndexOf('-');
  const [upstream, revision] = dash < 0 ? [rest, ''] : [rest.slice(0, dash), rest.slice(dash + 1)];
  return { epoch: Number(epoch), upstream, revision };
}

function compareParts(one: string, other: string): number {
  let a = one;
  let b = other;
  while (a !== '' || b !== '') {
    const [textA = '', numberA = ''] = /^(\D*)(\d*)/.exec(a)?.slice(1) ?? [];
    const [textB = '', numberB = ''] = /^(\D*)(\d*)/.exec(b)?.slice(1) ?? [];
    const order = compareTexts(textA, textB) || compareNumbers(numberA, numberB);
    if (order !== 0) return order;
    a = a.slice(textA.length + numberA.length);
    b = b.slice(textB.length + numberB.length);
  }
  return 0;
}

function compareTexts(one: string, other: string): number {
  for (let at = 0; at < Math.max(one.length, other.length); at++) {
    const order = rank(one[at]) - rank(other[at]);
    if (order !== 0) return order;
  }
  return 0;
}

function rank(sign: string | undefined): number {
  if (sign === undefined) return 0;
  if (sign === '~') return -1;
  const code = sign.charCodeAt(0);
  return /[A-Za-z]/.test(sign) ? code : code + 256;
}

function compareNumbers(one: string, other: string): number {
  const a = BigInt(one || '0');
  const b = BigInt(other || '0');
  return a < b ? -1 : a > b ? 1 : 0;
}
