import type { Rule } from './rule.ts';
import { type Fetch, heard, isFirmware, isStuckAfter, type View } from './view.ts';
import { eventsCommand, list, nameOf, whoIs } from './words.ts';

/** While the installer works, and after it. */

/** How soon the firmware asks again when booting from the disk did not work. */
const BACK_MS = 90_000;
const CYCLES = 2;
const MISSED_MS = 30_000;
const MANY = 10;

/** Case 36. */
const installLoop: Rule = {
  id: 'install-loop',
  help: 'The machine began an installation, did not report its end, and booted from the network again. rackready holds it: nothing is erased twice. Either the installer failed (look at its log: `rackready events --machine NAME --level debug`), or it finished and its report did not arrive (an answer file of your own without the request to `{{ urls.report }}/done`). `rackready install MACHINE` grants another try.',
  find(view) {
    const held = heard(view.events, 'boot.held').at(-1);
    if (held === undefined || heard(view.events, 'install.granted').some(({ seq }) => seq > held.seq)) return undefined;
    return {
      evidence: [...heard(view.history, 'answer.fetched').slice(-2), held],
      confidence: 0.95,
      cause: `${whoIs(view)} began to install ${held.data.profile}, did not report, and booted from the network again: ${held.data.reason}`,
      remedy: `Look at what the installer did (${eventsCommand(view, 'debug')}); if it succeeded, its answer file lacks the report; \`rackready install ${nameOf(view)}\` grants another try`,
      applied: 'held: it is not installed again without a new grant',
    };
  },
};

/** Case 38. */
const localBootLoop: Rule = {
  id: 'local-boot-loop',
  help: 'The machine is told to boot from its disk and comes back to the network, or lands in the firmware’s setup: there is no system on the disk, its boot entry is gone, or this firmware does not go on to the next entry after a loader ends. rackready’s GRUB starts the boot loaders that it finds on disk and else ends with an error, which most firmware takes as “next entry”. Put the disk’s entry behind the network’s in the boot order, or the disk first. After two rounds another way is tried.',
  find(view) {
    const cycles = localCycles(view);
    const last = cycles.at(-1);
    if (last === undefined || cycles.length < CYCLES || !view.events.includes(last.back)) return undefined;
    const changed = heard(view.history, 'boot.local-way').at(-1);
    return {
      evidence: cycles.flatMap(({ config, back }) => [config, back]),
      confidence: 0.85,
      cause: `${whoIs(view)} was told ${cycles.length} times to boot from its disk and asked the network again within ${BACK_MS / 1000} s: nothing on its disk starts`,
      remedy: `Check that its disk has a system and that the boot order goes on to it; \`rackready install ${nameOf(view)}\` installs one`,
      applied: changed && `another way to its disk: ${changed.data.way}`,
    };
  },
};

/** Each time that it was sent to its disk and its firmware asked soon after, without a system in between. */
function localCycles({ history }: View) {
  const configs = heard(history, 'boot.config').filter(({ data }) => data.decision === 'local');
  return configs.flatMap((config) => {
    const next = history.find(({ seq, id }) => seq > config.seq && id === 'dhcp.discover');
    if (next === undefined || next.time - config.time > BACK_MS) return [];
    return isFirmware(String(next.data.client)) ? [{ config, back: next }] : [];
  });
}

/** What installers ask for whether it is there or not. */
const OPTIONAL =
  /(^|\/)((updates|product|install|squashfs)\.img|\.?treeinfo|\.discinfo|media\.repo|network-config|vendor-data)$|\.(sig|asc|gpg|gz\.asc)$|(^|\/)(dep11|i18n)\/|Translation-|Release\.gpg$/;
const REPOSITORY = /(^|\/)(repodata|dists|pool|Packages|BaseOS|AppStream|tree)\//;

/** Case 40. */
const repositoryIncomplete: Rule = {
  id: 'repository-incomplete',
  help: 'The installer asks for a file of the package source that is not there: the mirror is incomplete or was changed while it installs, or kernel and initrd are of another point release than the packages (“no kernel modules were found”). Take kernel, initrd and packages from one release, and complete the mirror. A source that is not served by rackready is not seen here.',
  find(view) {
    if (view.events.some(({ id }) => /^install\.(reported|done)$/.test(id))) return undefined;
    const missed = view.fetches.filter(
      (fetch) =>
        fetch.via === 'http' && fetch.kind === 'missing' && REPOSITORY.test(fetch.file) && isNeeded(view, fetch),
    );
    const last = missed.at(-1);
    // Installers try several spellings: it is a loss when nothing better follows, or when they try for ever.
    if (last === undefined || (missed.length < MANY && !isStuckAfter(view, last.event, MISSED_MS))) return undefined;
    const names = [...new Set(missed.map(({ file }) => file))];
    return {
      evidence: missed.map(({ event }) => event),
      confidence: 0.8,
      cause: `the installer of ${whoIs(view)} needs ${list(names)} of the package source, and that is not there`,
      remedy:
        'Complete the folder or mirror that `source` of the profile names, of the same release as its `kernel` and `initrd`',
    };
  },
};

/** One of several spellings or suites that are tried, of which another was found, is no loss. */
function isNeeded({ fetches }: View, { file }: Fetch): boolean {
  if (OPTIONAL.test(file)) return false;
  const isRelease = /\/(In)?Release$/.test(file);
  const wanted = isRelease ? suitesOf(file) : stem(file);
  return !fetches.some(({ kind, file: other }) => {
    if (kind !== 'done') return false;
    // debian-installer asks each suite that it knows of whether it is there.
    return isRelease ? /\/(In)?Release$/.test(other) && suitesOf(other) === wanted : stem(other) === wanted;
  });
}

/** "/debian/dists" of "/debian/dists/stable/Release" */
function suitesOf(file: string): string {
  return file.split('/').slice(0, -2).join('/');
}

function stem(file: string): string {
  return file.replace(/\.(gz|xz|bz2|zst)$/, '');
}

export const installationRules: readonly Rule[] = [installLoop, localBootLoop, repositoryIncomplete];
