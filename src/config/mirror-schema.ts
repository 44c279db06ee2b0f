import { z } from 'zod';
import * as form from './scalars.ts';

/** The keys of one entry of `mirrors`, for the schema. */
export const mirrorShape = {
  preset: form
    .text('the name of a preset, like rocky-9')
    .optional()
    .describe('Where it comes from, and how it is laid out.'),
  os: form.text('the name of an operating system').optional().describe('What it holds; decides kind.'),
  from: form
    .oneOrMore(form.url('rsync', 'http', 'https', 'file'), 'URLs')
    .optional()
    .describe(
      'Where it comes from: rsync, http, https or file. A list: the same tree at several places, the best first.',
    ),
  kind: form
    .choice(['yum', 'apt', 'files'])
    .optional()
    .describe('How its metadata are read. Default: by os; files, where nothing says it.'),
  schedule: form.schedule.optional().describe('Five fields as in crontab(5). Default: only by command.'),
  timezone: form.timezone.optional().describe('Of schedule, blackout and bandwidth. Default: defaults.timezone.'),
  jitter: form.duration.default(600).describe('Up to so much later than schedule says, the same every time.'),
  blackout: form.list(form.dayWindow, 'times like "08:00-18:00"').default([]).describe('When no run begins by itself.'),
  mode: form.choice(['sync', 'cache', 'sparse', 'frozen']).optional().describe('frozen: filled once.'),
  keys: form
    .list(form.filePath, 'paths of files')
    .default([])
    .describe(
      'Files with the public keys that sign the metadata, relative to this file. Default: those of the preset.',
    ),
  fingerprints: form
    .list(form.fingerprint, 'fingerprints')
    .default([])
    .describe('Of those keys, the ones that count. Default: those that the preset knows, else all in the files.'),
  trust: form
    .choice(['required', 'if-present', 'none'])
    .optional()
    .describe('Whether metadata must be signed. Default: required with keys, else none.'),
  packages: form
    .choice(['listed', 'signed'])
    .optional()
    .describe(
      'signed: each RPM must be signed by one of keys. listed: it is what the metadata say. Default: signed where RPMs have keys and trust is if-present, else listed.',
    ),
  keep: z
    .strictObject(
      {
        snapshots: form.wholeNumber(1, 1000).default(3),
        days: form.wholeNumber(0, 3650).default(7),
      },
      { error: (issue) => form.wrongKind(issue.input, 'a map with the keys snapshots, days') },
    )
    .prefault({})
    .describe('Old states that stay: the newest snapshots, and all that are younger than days.'),
  bandwidth: form.bandwidth
    .optional()
    .describe('Bytes per second, like 20MB; a list: for all day, and for windows: [20MB, between 08:00-18:00: 5MB].'),
  connections: form.wholeNumber(1, 64).default(16).describe('Connections at a time.'),
  architectures: form.list(form.word, 'words').default([]).describe('Default: all.'),
  repositories: form
    .list(form.treeFolder, 'folders')
    .default([])
    .describe('yum: folders below from that have repodata/. Default: from itself.'),
  suites: form.list(form.treeFolder, 'words').default([]).describe('apt: below dists/, like bookworm.'),
  components: form.list(form.treeFolder, 'words').default([]).describe('apt: like main. Default: all.'),
  exclude: form.list(form.glob, 'patterns').default([]).describe('Files to leave out: *.drpm, images/boot.iso.'),
  allowMissing: form.list(form.glob, 'patterns').default([]).describe('Files that may be broken upstream.'),
} as const;
