/**
 * Whether the host of a URL, as WHATWG's parser writes it, is this host itself, or one that is known to nobody beyond its link: there are
 * services that give what they have to whoever is so near. Names that a resolver is asked for are not looked up.
 */
export function isOwnHost(hostname: string): boolean {
  const name = hostname.replace(/\.$/, '');
  if (/^(?:.+\.)?localhost$/.test(name)) return true;
  // 127.0.0.0/8, 0.0.0.0/8 and 169.254.0.0/16, also as the IPv6 addresses that stand for them.
  if (/^(?:127|0)\.|^169\.254\./.test(name)) return true;
  if (/^\[::ffff:(?:7f[0-9a-f]{2}|a9fe|0|[0-9a-f]{1,2}):/.test(name)) return true;
  return /^\[(?:::1?\]|fe[89ab][0-9a-f]:)/.test(name);
}
