const keyTypes = [
  'ssh-ed25519',
  'ssh-rsa',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ssh-ed25519@openssh.com',
  'sk-ecdsa-sha2-nistp256@openssh.com',
];

/**
 * What is wrong with a line of authorized_keys(5) without options, or undefined when it is right.
 * The text itself is never repeated: it may be a private key that was pasted by mistake.
 */
export function sshKeyProblem(text: string): string | undefined {
  if (/PRIVATE KEY|PuTTY-User-Key-File/i.test(text)) {
    return 'this is a private key: take it out, consider it disclosed, and give the content of the .pub file instead';
  }
  const expected = 'expected one line of a .pub file, like "ssh-ed25519 AAAA… name"';
  if (hasControls(text)) return `has line breaks or control characters: ${expected}`;
  const [type = '', key = ''] = text.trim().split(/ +/);
  if (!keyTypes.includes(type))
    return `does not begin with a known key type: ${expected}; types: ${keyTypes.join(', ')}`;
  if (embeddedType(key) !== type) return `the text after ${type} is not such a key (cut off or altered?): ${expected}`;
  return undefined;
}

/**
 * What is wrong with a crypt(3) hash, or undefined when it is right. The text itself is never repeated:
 * it may be a password in the clear.
 */
export function passwordHashProblem(text: string): string | undefined {
  const expected = 'expected a crypt(3) hash that begins with $6$, $y$ or $5$; make one with: openssl passwd -6';
  if (!text.startsWith('$'))
    return `is not a password hash (a password in the clear does not belong here): ${expected}`;
  if (/^\$1\$/.test(text)) return `is an MD5 hash, which is too weak: ${expected}`;
  const isHash =
    /^\$[56]\$(rounds=[0-9]+\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{43,86}$/.test(text) ||
    /^\$g?y\$[./A-Za-z0-9]+\$[./A-Za-z0-9]{1,86}\$[./A-Za-z0-9]{43}$/.test(text) ||
    /^\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}$/.test(text);
  return isHash ? undefined : `is not a complete password hash: ${expected}`;
}

/** The key blob begins with its own type: a 32-bit length, then the name (RFC 4253 section 6.6). */
function embeddedType(base64: string): string | undefined {
  if (!/^[A-Za-z0-9+/]{24,}={0,2}$/.test(base64) || base64.length % 4 !== 0) return undefined;
  const bytes = atob(base64);
  const length = bytes.charCodeAt(3);
  if (!bytes.startsWith('\0\0\0') || bytes.length < 4 + length + 32) return undefined;
  return bytes.slice(4, 4 + length);
}

function hasControls(text: string): boolean {
  return Array.from(text.trim()).some((char) => char < ' ' || char === '\u007f');
}
