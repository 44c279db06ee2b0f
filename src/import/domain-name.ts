const domainForm = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;

/** A domain as the configuration takes it, and what is to be said of the text. Clients take lists in option 15, which is no domain. */
export function readDomain(text: string): { readonly domain?: string; readonly reason?: string } {
  const [first = '', ...more] = text.trim().split(/[\s,]+/);
  const domain = first.replace(/\.$/, '');
  if (!domainForm.test(domain) || domain.length > 253) return { reason: 'This is no domain name, and is not sent.' };
  if (more.length === 0) return { domain };
  return { domain, reason: 'Option 15 is one domain: the first. A search list is option 119 (dhcp.options).' };
}
