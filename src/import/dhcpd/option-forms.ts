/** What one value of an option is made of. */
export type FieldType =
  | 'address'
  | 'text'
  /** Text in quotes, or hex octets. */
  | 'bytes'
  | 'flag'
  | 'u8'
  | 'u16'
  | 'u32'
  | 's8'
  | 's16'
  | 's32'
  /** A list of domains in quotes, RFC 1035 names on the wire. */
  | 'domains';

/** How an option's value is written and encoded. */
export interface OptionForm {
  readonly fields: readonly FieldType[];
  /** Which fields may be given several times, with commas between. */
  readonly repeats: 'none' | 'all' | 'last';
}

export interface OptionDefinition {
  readonly code: number;
  /** Undefined: its value is made by the server, or belongs to another option. */
  readonly form?: OptionForm | undefined;
}

const one = (...fields: FieldType[]): OptionForm => ({ fields, repeats: 'none' });
const many = (...fields: FieldType[]): OptionForm => ({ fields, repeats: 'all' });

function rows(form: OptionForm | undefined, codes: Readonly<Record<string, number>>): [string, OptionDefinition][] {
  return Object.entries(codes).map(([name, code]) => [name, { code, form }]);
}

/** The options that dhcpd knows by name: dhcp-options(5). RFC 2132 where nothing else is said. */
export const standardOptions: ReadonlyMap<string, OptionDefinition> = new Map([
  ...rows(one('address'), {
    'subnet-mask': 1,
    'swap-server': 16,
    'broadcast-address': 28,
    'router-solicitation-address': 32,
    'dhcp-requested-address': 50,
    'dhcp-server-identifier': 54,
    'subnet-selection': 118,
  }),
  ...rows(many('address'), {
    routers: 3,
    'time-servers': 4,
    'ien116-name-servers': 5,
    'domain-name-servers': 6,
    'log-servers': 7,
    'cookie-servers': 8,
    'lpr-servers': 9,
    'impress-servers': 10,
    'resource-location-servers': 11,
    'nis-servers': 41,
    'ntp-servers': 42,
    'netbios-name-servers': 44,
    'netbios-dd-server': 45,
    'font-servers': 48,
    'x-display-manager': 49,
    'nisplus-servers': 65,
    'mobile-ip-home-agent': 68,
    'smtp-server': 69,
    'pop-server': 70,
    'nntp-server': 71,
    'www-server': 72,
    'finger-server': 73,
    'irc-server': 74,
    'streettalk-server': 75,
    'streettalk-directory-assistance-server': 76,
    'nds-servers': 85,
    'bcms-controller-address': 89,
    'associated-ip': 92,
    'netinfo-server-address': 112,
    'pana-agent': 136,
    'capwap-ac-v4': 138,
    'ipv4-address-andsf': 142,
    'tftp-server-address': 150,
  }),
  ...rows(many('address', 'address'), { 'policy-filter': 21, 'static-routes': 33 }),
  ...rows(one('text'), {
    'host-name': 12,
    'merit-dump': 14,
    'domain-name': 15,
    'root-path': 17,
    'extensions-path': 18,
    'nis-domain': 40,
    'netbios-scope': 47,
    'dhcp-message': 56,
    'nwip-domain': 62,
    'nisplus-domain': 64,
    'tftp-server-name': 66,
    'bootfile-name': 67,
    'user-class': 77,
    'nds-tree-name': 86,
    'nds-context': 87,
    'uap-servers': 98,
    pcode: 100,
    tcode: 101,
    'netinfo-server-tag': 113,
    'default-url': 114,
    'v4-captive-portal': 160,
    'loader-configfile': 209,
    'loader-pathprefix': 210,
  }),
  ...rows(one('flag'), {
    'ip-forwarding': 19,
    'non-local-source-routing': 20,
    'all-subnets-local': 27,
    'perform-mask-discovery': 29,
    'mask-supplier': 30,
    'router-discovery': 31,
    'trailer-encapsulation': 34,
    'ieee802-3-encapsulation': 36,
    'tcp-keepalive-garbage': 39,
  }),
  ...rows(one('u8'), {
    'default-ip-ttl': 23,
    'default-tcp-ttl': 37,
    'netbios-node-type': 46,
    'dhcp-option-overload': 52,
    'dhcp-message-type': 53,
  }),
  ...rows(many('u8'), { 'dhcp-parameter-request-list': 55 }),
  ...rows(one('u16'), {
    'boot-size': 13,
    'max-dgram-reassembly': 22,
    'interface-mtu': 26,
    'dhcp-max-message-size': 57,
  }),
  ...rows(many('u16'), { 'path-mtu-plateau-table': 25, 'pxe-system-type': 93, 'name-service-search': 117 }),
  ...rows(one('u32'), {
    'path-mtu-aging-timeout': 24,
    'arp-cache-timeout': 35,
    'tcp-keepalive-interval': 38,
    'dhcp-lease-time': 51,
    'dhcp-renewal-time': 58,
    'dhcp-rebinding-time': 59,
    'client-last-transaction-time': 91,
    'v6-only-preferred': 108,
    'loader-reboottime': 211,
  }),
  ...rows(one('s32'), { 'time-offset': 2 }),
  ...rows(one('bytes'), {
    'vendor-encapsulated-options': 43,
    'vendor-class-identifier': 60,
    'dhcp-client-identifier': 61,
  }),
  ...rows(one('domains'), { 'domain-search': 119, 'bcms-controller-names': 88 }),
  ...rows({ fields: ['flag', 'address'], repeats: 'last' }, { 'slp-directory-agent': 78 }),
  ...rows(one('flag', 'text'), { 'slp-service-scope': 79 }),
  ...rows(one('u8', 'u8', 'u8'), { 'pxe-interface-id': 94 }),
  ...rows(one('u8', 'bytes'), { 'pxe-client-id': 97 }),
  ...rows(undefined, {
    'nwip-suboptions': 63,
    fqdn: 81,
    'relay-agent-information': 82,
    vivco: 124,
    vivso: 125,
    'geoconf-civic': 99,
    'auto-config': 116,
    'v4-lost': 137,
    'sip-ua-cs-domains': 141,
    'rdnss-selection': 146,
    'v4-portparams': 159,
    'option-6rd': 212,
    'v4-access-domain': 213,
  }),
]);
