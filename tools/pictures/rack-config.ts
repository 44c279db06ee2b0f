/** The rack that the pictures show. Paths are those of a deploy host: they exist only in the namespaces of the tool. */

export const SERVER = '172.22.10.2';
export const CONFIG = '/etc/rackready/rackready.yaml';
export const TEMPLATE = '/etc/rackready/storage.ks.liquid';

const NAMES = [
  'web1',
  'web2',
  'web3',
  'db1',
  'db2',
  'store1',
  'store2',
  'login1',
  'login2',
  'build1',
  'gpu1',
  'gpu2',
  'mm1',
] as const;
export type Name = (typeof NAMES)[number];

export function macOf(name: Name): string {
  return name === 'mm1' ? 'a8:20:66:34:ff:e9' : `00:25:90:96:c4:${(0x90 + NAMES.indexOf(name)).toString(16)}`;
}

const PROFILES: Readonly<Record<string, string>> = {
  web: 'debian-12',
  db: 'rocky-9',
  store: 'storage',
  login: 'debian-12',
  build: 'debian-12',
  gpu: 'rocky-9',
  mm: 'debian-12',
};
const MORE: Readonly<Partial<Record<Name, string>>> = {
  store1: ', vars: { disk: { minSize: 2T } }, notes: "Fan 3 is loud. PSU replaced in October."',
  store2: ', vars: { disk: { minSize: 2T } }',
  mm1: ', kind: mac',
};

function machineLine(name: Name, index: number): string {
  const profile = PROFILES[name.replace(/\d+$/, '')];
  return `  ${name}: { mac: "${macOf(name)}", address: 172.22.10.${50 + index}, profile: ${profile}${MORE[name] ?? ''} }`;
}

/** As `openssl passwd -6` prints it; of no password. */
const HASH =
  '$6$rounds=5000$saltsaltsalt$0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijkl';

export const yaml = `# The rack in room 12.
defaults:
  domain: lab.example
  rootPasswordHash: "${HASH}"

networks:
  rack:
    interface: br0
    subnet: 172.22.10.0/24
    address: ${SERVER}
    router: 172.22.10.1
    dhcp:
      mode: authoritative
      conflictProbe: false
      pools:
        - range: 172.22.10.100-172.22.10.199

profiles:
  debian-12:
    os: debian-12
    arguments: console=ttyS0,115200
  rocky-9:
    os: rocky-9
    source: /srv/rocky-9
  storage:            # data disks are left alone
    os: rocky-9
    source: /srv/rocky-9
    answerFile: storage.ks.liquid

machines:
${NAMES.map(machineLine).join('\n')}
`;
