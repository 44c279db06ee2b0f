import { Command, Option } from 'commander';
import {
  firmwareKinds,
  type RenderedBoot,
  type RenderedInstallation,
  type RenderedValue,
  type RenderView,
} from '../http/api/render-view.ts';
import { type ClientOptions, queryOf, runClient, withClientOptions } from './client.ts';
import { formatTable } from './print.ts';

interface Options extends ClientOptions {
  readonly firmware?: string | undefined;
  readonly showSecrets?: true;
}

export function command(): Command {
  return withClientOptions(new Command('render'))
    .description('Everything that a machine would be sent if it were switched on now, and where each value comes from.')
    .argument('<MACHINE>', 'name in the configuration')
    .addOption(
      new Option('--firmware <KIND>', 'what asks (default: what it was last seen with, else all in short)').choices(
        firmwareKinds,
      ),
    )
    .option('--show-secrets', 'print password hashes and secret values instead of ********')
    .addHelpText(
      'after',
      `
Nothing happens by it: no address is held, no permission is used. Tokens are placeholders ("preview").

Examples:
  ./rackready render sm1
  ./rackready render sm1 --firmware uefi-x64
  ./rackready render sm1 --json --show-secrets`,
    )
    .action((name: string, options: Options) =>
      runClient(options, async (client) => {
        const query = queryOf({ firmware: options.firmware, secrets: options.showSecrets && 'shown' });
        const path = `/machines/${encodeURIComponent(name)}/render${query}`;
        const { render } = await client.get<{ render: RenderView }>(path);
        if (options.json) process.stdout.write(`${JSON.stringify(render, undefined, 2)}\n`);
        else process.stdout.write(formatRender(render));
      }),
    );
}

/** The whole as text: one firmware in full, or all in short with each loader's text once. */
export function formatRender(render: RenderView): string {
  const { boots, decision, installation, lastSeen } = render;
  const chosen = boots.length === 1 ? boots[0] : boots.find((boot) => boot.isLastSeen);
  const seen = lastSeen === null ? 'its firmware was never heard' : `last heard with ${lastSeen}`;
  const parts = [
    [`${render.machine}: ${decision.kind} (${decision.reason}); ${seen}`],
    [formatValues(render.facts)],
    ...(chosen ? [formatBoot(chosen)] : formatAll(boots)),
    ...(installation ? formatInstallation(installation) : [['It has no profile that can be installed.']]),
  ];
  return `${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

function formatAll(boots: readonly RenderedBoot[]): string[][] {
  const rows = boots.map(({ firmware, answer, bootFile, loader, reason }) => [
    firmware,
    answer,
    loader ?? '-',
    bootFile ?? reason ?? '-',
  ]);
  const told = boots.flatMap((boot) => (boot.config ? [[boot.config.text, boot] as const] : []));
  const texts = new Map(told.toReversed());
  const first = boots.find(({ answer }) => answer !== 'none');
  return [
    [heading('by firmware'), formatTable(['FIRMWARE', 'DHCP', 'LOADER', 'BOOT FILE, OR WHY NONE'], rows)],
    ...(first ? [formatOptions(first)] : []),
    ...[...texts.values()].toReversed().map(formatConfig),
  ];
}

function formatBoot(boot: RenderedBoot): string[] {
  return [...formatOptions(boot), '', ...formatConfig(boot)];
}

function formatOptions({ firmware, answer, reason, options, notAsked }: RenderedBoot): string[] {
  const rows = options.map(({ name, code, value, origin }) => [
    code === null ? name : `${name} (${code})`,
    value,
    origin,
  ]);
  return [
    heading(`${firmware === 'mac' ? 'NetBoot' : `DHCP for ${firmware}`}: ${answer}`),
    ...(rows.length > 0 ? [formatTable(['FIELD OR OPTION', 'VALUE', 'FROM'], rows)] : []),
    ...(reason === null ? [] : [reason]),
    ...(notAsked.length === 0 ? [] : [`not sent, since this firmware does not ask for it: ${notAsked.join(', ')}`]),
  ];
}

function formatConfig({ firmware, config }: RenderedBoot): string[] {
  if (config === null) return [];
  return [heading(`${config.file} (${config.dialect}, for ${firmware})`), config.text.trimEnd()];
}

function formatInstallation({ profile, isNow, kernel, initrd, words, answerFile }: RenderedInstallation): string[][] {
  const when = isNow ? 'now' : 'after rackready install';
  const rows = words.map(({ value, origin }) => [value, origin]);
  const files = [kernel, initrd].map(({ name, value, origin }) => [name, value, origin]);
  return [
    [heading(`installation with ${profile}, ${when}`), formatTable(['SERVED AS', 'FILE', 'FROM'], files)],
    [heading('kernel line'), formatTable(['WORD', 'FROM'], rows)],
    [heading('values of the answer file'), formatValues(answerFile.values)],
    [
      heading(`${answerFile.name} (template ${answerFile.template})`),
      ...(answerFile.problem === null ? [] : [`not given: ${answerFile.problem}`]),
      ...(answerFile.text === null ? [] : [answerFile.text.trimEnd()]),
    ],
  ];
}

function formatValues(values: readonly RenderedValue[]): string {
  return formatTable(
    ['WHAT', 'VALUE', 'FROM'],
    values.map(({ name, value, origin }) => [name, shortened(value), origin]),
  );
}

/** The answer file shows long values in full; --json does, too. */
function shortened(value: string): string {
  const [first = '', ...more] = value.split('\n');
  const cut = first.length > 60 ? `${first.slice(0, 59)}…` : first;
  return more.length === 0 ? cut : `${cut} (${more.length + 1} lines)`;
}

function heading(text: string): string {
  return `== ${text}`;
}
