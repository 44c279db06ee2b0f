const SEGMENT = /^(?:[0-9]+|[A-Za-z]+)/;

/**
 * Compares two versions or releases as rpm does (rpmvercmp): segments of digits as numbers, of letters as texts; `~` sorts before
 * the end, `^` behind it. Negative, 0 or positive.
 */
export function compareRpmVersions(one: string, other: string): number {
  let a = one;
  let b = other;
  while (a !== '' || b !== '') {
    a = a.replace(/^[^A-Za-z0-9~^]+/, '');
    b = b.replace(/^[^A-Za-z0-9~^]+/, '');
    if (a.startsWith('~') || b.startsWith('~')) {
      if (!a.startsWith('~')) return 1;
      if (!b.startsWith('~')) return -1;
      [a, b] = [a.slice(1), b.slice(1)];
      continue;
    }
    if (a.startsWith('^') || b.startsWith('^')) {
      if (a === '') return -1;
      if (b === '') return 1;
      if (!a.startsWith('^')) return 1;
      if (!b.startsWith('^')) return -1;
      [a, b] = [a.slice(1), b.slice(1)];
      continue;
    }
    if (a === '' || b === '') break;
    const order = compareSegments(SEGMENT.exec(a)?.[0] ?? '', b);
    if (order !== 0) return order;
    a = a.replace(SEGMENT, '');
    b = b.replace(SEGMENT, '');
  }
  return a === b ? 0 : a === '' ? -1 : 1;
}

function compareSegments(segment: string, rest: string): number {
  const isNumber = /^[0-9]/.test(segment);
  const other = (isNumber ? /^[0-9]+/ : /^[A-Za-z]+/).exec(rest)?.[0];
  // Of two kinds the number is newer.
  if (other === undefined) return isNumber ? 1 : -1;
  const plain = (text: string) => (isNumber ? text.replace(/^0+/, '') : text);
  const [left, right] = [plain(segment), plain(other)];
  if (isNumber && left.length !== right.length) return left.length - right.length;
  return left === right ? 0 : left < right ? -1 : 1;
}
