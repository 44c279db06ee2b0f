import { parentPort, workerData } from 'node:worker_threads';
import { renderAnswer } from '../boot/answer.ts';
import { DUMMY_TOKEN, networkOf } from '../boot/check-templates.ts';
import { createTemplates } from '../boot/template.ts';
import { checkChangedTemplate } from './changed-template.ts';
import type { CheckJob, CheckReport, CheckThread } from './check-aside.ts';
import { checkEditedProfile } from './edited-profile.ts';
import { checkSources, createTemplateReader, type LoadResult, loadSettings, readTexts } from './load.ts';
import { createMask } from './mask.ts';
import type { Settings } from './settings.ts';

const { threadModule, job } = workerData as CheckThread;
await ((await import(threadModule)) as { prepareThread: () => Promise<void> }).prepareThread();
parentPort?.postMessage(await check(job));

async function check(asked: CheckJob): Promise<CheckReport> {
  if (asked.kind === 'texts') return { problems: problemsOf(checkSources(asked.texts)), machines: [], broken: [] };
  if (asked.kind === 'profile') {
    const { problems, settings } = readTexts(asked.after);
    if (problems.some(({ severity }) => severity === 'error')) return { problems, machines: [], broken: [] };
    const edited = { ...asked, before: readTexts(asked.before).settings, after: settings };
    return { problems, ...checkEditedProfile(edited, createTemplateReader()) };
  }
  const result = await loadSettings({ path: asked.configPath });
  const problems = problemsOf(result);
  if (result.kind === 'problems') return { problems, machines: [], broken: [] };
  const { path, text, preview } = asked;
  return {
    problems,
    ...checkTemplate(result.settings, path, text),
    preview: preview && render(result.settings, text, preview),
  };
}

function problemsOf(result: LoadResult): CheckReport['problems'] {
  return result.kind === 'problems' ? result.problems : result.warnings;
}

/** For each profile by its name: two profiles may share a template, and two templates a file name. */
function checkTemplate(settings: Settings, path: string, text: string): Pick<CheckReport, 'machines' | 'broken'> {
  const users = [...settings.profiles.values()].filter(({ answerFile }) => answerFile === path);
  const checked = users.map(({ name }) => checkChangedTemplate(settings, { path, text, profile: name }));
  const rendered = checked.filter((one) => one.kind === 'checked');
  return {
    machines: rendered.flatMap(({ machines }) => machines),
    broken: rendered.flatMap(({ problems }) => problems),
  };
}

function render({ machines, profiles, networks, defaults, server }: Settings, text: string, name: string) {
  const machine = machines.get(name);
  const profile = profiles.get(machine?.profile ?? '');
  const network = machine && networkOf(machine, networks);
  const mac = machine?.macs[0];
  if (!machine || !profile || !network || mac === undefined) return undefined;
  const { httpPort } = server;
  const input = { machine, profile, network, defaults, mac, address: machine.address, httpPort, token: DUMMY_TOKEN };
  const answer = renderAnswer(
    createTemplates(() => text),
    input,
  );
  return answer.kind === 'problem' ? undefined : createMask({ defaults }, machine)(answer.text);
}
