/**
 * Who signs what a preset mirrors, by full fingerprints. An operator's `fingerprints` take their place; his `keys` alone take the place
 * of the file only, and have to have one of these keys.
 */
export type PresetKeys =
  /** A keyring that a Debian package brings. */
  | {
      readonly kind: 'package';
      readonly file: string;
      readonly debianPackage: string;
      readonly fingerprints: readonly string[];
    }
  /** A file below `keys/` of the product. */
  | {
      readonly kind: 'shipped';
      readonly file: string;
      readonly published: string;
      readonly fingerprints: readonly string[];
    }
  /** The operator gives the file; without fingerprints nobody has compared them yet. */
  | { readonly kind: 'operator'; readonly published: string; readonly fingerprints: readonly string[] };

const DEBIAN: Readonly<Record<string, readonly string[]>> = {
  // The archive's key, that of security updates, and that of the stable release, in this order.
  bookworm: [
    'B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8',
    '05AB90340C0C5E797F44A8C8254CF3B5AEC0A8F0',
    '4D64FEC119C2029067D6E791F8D2585B8783D481',
  ],
  trixie: [
    '04B54C3CDCA79751B16BC6B5225629DF75B188BD',
    '5E04A1E3223A19A20706E20F9904613D4CCE68C6',
    '41587F7DB8C774BCCF131416762F67A0B2C39DE4',
  ],
};

/** Where Debian has its public keys, and the package that brings them. */
export const debianKeyring = {
  file: '/usr/share/keyrings/debian-archive-keyring.gpg',
  debianPackage: 'debian-archive-keyring',
};

export function debianKeys(codename: 'bookworm' | 'trixie'): PresetKeys {
  return { kind: 'package', ...debianKeyring, fingerprints: DEBIAN[codename] ?? [] };
}

/** `keys/README.md` says where each was found and with what it was compared. */
const shipped = (file: string, published: string, ...fingerprints: readonly string[]): PresetKeys => ({
  kind: 'shipped',
  file,
  published,
  fingerprints,
});

const ROCKY = 'https://dl.rockylinux.org/pub/rocky/RPM-GPG-KEY-Rocky';
const ALMA = 'https://repo.almalinux.org/almalinux/RPM-GPG-KEY-AlmaLinux';

export const rockyKeys: Readonly<Record<8 | 9 | 10, PresetKeys>> = {
  8: shipped('rocky-8.asc', `${ROCKY}-8`, '7051C470A929F454CEBE37B715AF5DAC6D745A60'),
  9: shipped('rocky-9.asc', `${ROCKY}-9`, '21CB256AE16FC54C6E652949702D426D350D275D'),
  10: shipped('rocky-10.asc', `${ROCKY}-10`, 'FC226859C0860BF0DDB95B085B106C736FEDFC85'),
};

export const almaKeys: Readonly<Record<8 | 9 | 10, PresetKeys>> = {
  // The second signed until 2024, and many packages still have its signature.
  8: shipped(
    'alma-8.asc',
    `${ALMA}-8`,
    'BC5EDDCADF502C077F1582882AE81E8ACED7258B',
    '5E9B8F5617B5066CE92057C3488FCF7C3ABB34F8',
  ),
  9: shipped('alma-9.asc', `${ALMA}-9`, 'BF18AC2876178908D6E71267D36CB86CB86B3716'),
  10: shipped('alma-10.asc', `${ALMA}-10`, 'EE6DB7B98F5BF5EDD9DA0DE5DEE5C11CC2A1E572'),
};

const CENTOS = 'https://www.centos.org/keys/RPM-GPG-KEY-CentOS';
export const centos7Keys = shipped('centos-7.asc', `${CENTOS}-7`, '6341AB2753D78A78A7C27BB124C6A8A7F4A80EB5');
export const centosStreamKeys = shipped(
  'centos-official.asc',
  `${CENTOS}-Official`,
  '99DB70FAE1D7CE227FB6488205B555B38483C65D',
);

const UBUNTU = 'https://keyserver.ubuntu.com (the package ubuntu-keyring)';
export const ubuntuArchiveKeys = shipped('ubuntu-archive.asc', UBUNTU, 'F6ECB3762474EDA9D21B7022871920D1991BC93C');
export const ubuntuIsoKeys = shipped('ubuntu-cd-image.asc', UBUNTU, '843938DF228D22F7B3742BC0D94AA3F0EFE21092');

export const leapKeys = shipped(
  'opensuse-leap.asc',
  'https://en.opensuse.org/openSUSE:Signing_Keys',
  'AD485664E901B867051AB15F35A2F86E29B700A4',
);

/** Fedora has a key for each release. */
const FEDORA: ReadonlyMap<string, string> = new Map([
  ['42', 'B0F4950458F69E1150C6C5EDC8AC4916105EF944'],
  ['43', 'C6E7F081CF80E13146676E88829B606631645531'],
  ['44', '36F612DCF27F7D1A48A835E4DBFCF71C6D9F90A6'],
  ['45', '4F50A6114CD5C6976A7F1179655A4B02F577861E'],
  ['46', 'D924B10D3E810DABDD8B56B596E7E91491211FCE'],
]);
const FEDORA_FILES: readonly string[] = ['43', '44', '45'];

export function fedoraKeys(version: string): PresetKeys {
  const published = 'https://fedoraproject.org/fedora.gpg';
  const fingerprint = FEDORA.get(version);
  const fingerprints = fingerprint === undefined ? [] : [fingerprint];
  if (!FEDORA_FILES.includes(version)) return { kind: 'operator', published, fingerprints };
  return { kind: 'shipped', file: `fedora-${version}.asc`, published, fingerprints };
}
