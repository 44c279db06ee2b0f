import { hideTokens } from '../event/hide-tokens.ts';

/** "$6$salt$hash", as installers write it into their logs. */
const HASH = /\$(?:1|2[abxy]?|5|6|7|y|gy|sha1|md5)\$[^\s:"']+/g;
const NAMED =
  /\b((?:root)?(?:password|passwd|passphrase|rootpw|secret|psk|api[-_]?key|token)(?:-crypted)?["']?\s*[=:]\s*["']?)[^\s"',;&]+/gi;
/** "rootpw --plaintext NAME" of Kickstart, "--password NAME" of anything. */
const WORDS = /(\brootpw(?:\s+--\S+)*\s+|--(?:password|passphrase|passwd|token|secret)\s+)(?!--)[^\s"']+/gi;
/** "d-i passwd/user-password password NAME" of debconf: the value is the rest of the line. */
const DEBCONF = /([\w.-]+\/[\w./-]+\s+password\s+)\S.*/gi;
const HEADER = /\b((?:proxy-)?authorization:\s*\w+\s+|(?:set-)?cookie:\s*)\S.*|(\b\w*session=)[^\s"';,]+/gi;
/** The user part of a URL. */
const USER = /(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@"']+@/gi;

/** A text that may be shown to somebody else: without tokens, passwords and their hashes. */
export function redact(text: string): string {
  return hideTokens(text)
    .replace(HEADER, '$1$2…')
    .replace(DEBCONF, '$1…')
    .replace(HASH, '…')
    .replace(NAMED, '$1…')
    .replace(WORDS, '$1…')
    .replace(USER, '$1…@');
}
