import type { FastifyInstance } from 'fastify';
import { didYouMean } from '../../config/nearest.ts';
import { discoveredMac } from '../../machine/discovered.ts';
import { parseMac } from '../../net/mac.ts';
import { foldDiscovered } from './discovered.ts';
import { ApiError } from './failures.ts';
import { foldIdentities } from './identities.ts';
import { about, inputs, text, wrapped } from './inputs.ts';
import { createMachineTexts } from './machine-texts.ts';
import type { ApiPorts, OperationResult, WakeResult } from './ports.ts';
import { type FirmwareKind, firmwareKinds } from './render-view.ts';
import { type MachineView, machineView, type WakeView, wakeView } from './views.ts';

/** A machine that renews every half hour reaches back three weeks. */
const MOST_ACKS = 1_000;
/** How far back strangers are looked for. */
const MOST_DISCOVERS = 5_000;

const machine = wrapped('machine', 'Machine');
const LIST = {
  summary: 'The machines of the configuration, by name.',
  answer: wrapped('machines', 'Machine', true),
};
const SHOW = { summary: 'One machine.', answer: machine, fails: [404] };
const IDENTITIES = {
  summary: 'Each identity that the machine was seen with by DHCP: firmware, loader, installer, system.',
  answer: wrapped('identities', 'Identity', true),
  fails: [404],
};
const INSTALL = {
  summary: 'Allows one installation. When the machine next boots from the network, its disk is erased.',
  answer: machine,
  fails: [404, 409, 503],
};
const CANCEL = {
  summary: 'Takes back the permission to install a machine.',
  answer: machine,
  fails: [404, 409, 503],
};
const RETIRE = {
  summary: 'The machine is never installed from now on: grants are refused, and it boots from its disk.',
  answer: machine,
  fails: [404, 409, 503],
};
const UNRETIRE = { summary: 'Takes the retirement back.', answer: machine, fails: [404, 409, 503] };
const WAKE = {
  summary: 'Sends Wake-on-LAN to the machine. One machine a second: the answer comes when it was sent.',
  answer: {
    type: 'object',
    required: ['machine', 'wake'],
    properties: { machine: { $ref: '#/components/schemas/Machine' }, wake: { $ref: '#/components/schemas/Wake' } },
  },
  fails: [404, 409, 503],
};
const DISCOVERED = {
  summary: 'Machines that were heard by DHCP and that the configuration does not name, the latest first.',
  answer: wrapped('discovered', 'Discovered', true),
};
const PROFILES = {
  summary: 'Names of the profiles that can be installed.',
  answer: {
    type: 'object',
    required: ['profiles'],
    properties: { profiles: { type: 'array', items: { type: 'string' } } },
  },
};
const RENDER = {
  summary: 'Everything that the machine would be sent now, and where each value comes from. Changes nothing.',
  answer: wrapped('render', 'Render'),
  fails: [404],
};

export function addMachineRoutes(app: FastifyInstance, ports: ApiPorts): void {
  const { machines } = ports;
  const views = () => Array.from(machines.list(), machineView);
  const listed = createMachineTexts();
  app.get('/machines', about(LIST), (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(listed(machines.list())),
  );
  app.get<{ Params: { name: string } }>('/machines/:name', about(SHOW), ({ params: { name } }) => {
    const machine = views().find((view) => view.name === name);
    if (machine) return { machine };
    throw unknownMachine(ports, name);
  });
  app.post<{ Params: { name: string }; Body: { profile?: string } | null }>(
    '/machines/:name/install',
    { ...about(INSTALL), schema: { body: { ...inputs({ profile: text }), type: ['object', 'null'] } } },
    async ({ params: { name }, body }) => ({
      machine: operationAnswer(ports, name, await machines.install(name, body?.profile)),
    }),
  );
  app.get<{ Params: { name: string } }>(
    '/machines/:name/identities',
    about(IDENTITIES),
    async ({ params: { name } }) => {
      if (!views().some((view) => view.name === name)) throw unknownMachine(ports, name);
      const acks = await ports.events.list({ machine: name, id: 'dhcp.ack', limit: MOST_ACKS });
      return { identities: foldIdentities(acks) };
    },
  );
  addRenderRoute(app, ports);
  app.get('/profiles', about(PROFILES), () => ({ profiles: [...machines.profiles()].toSorted() }));
  for (const [verb, words] of Object.entries({ cancel: CANCEL, retire: RETIRE, unretire: UNRETIRE })) {
    const act = machines[verb as 'cancel' | 'retire' | 'unretire'];
    app.post<{ Params: { name: string } }>(`/machines/:name/${verb}`, about(words), async ({ params: { name } }) => ({
      machine: operationAnswer(ports, name, await act(name)),
    }));
  }
  app.post<{ Params: { name: string } }>('/machines/:name/wake', about(WAKE), async ({ params: { name } }) => {
    const wake = wakeAnswer(ports, name, await machines.wake(name));
    return { machine: views().find((view) => view.name === name), wake };
  });
  app.get('/discovered', about(DISCOVERED), async () => {
    // What an observed network hears is told by another name.
    const ids = ['dhcp.discover', 'dhcp.would-answer'] as const;
    const lists = await Promise.all(ids.map((id) => ports.events.list({ id, limit: MOST_DISCOVERS })));
    const asked = lists.flat().toSorted((a, b) => a.seq - b.seq);
    const { isNamed, lifeOf } = machines;
    return { discovered: foldDiscovered({ asked, leases: ports.leases.list(), isNamed, lifeOf }) };
  });
}

/** What a machine would get, without any effect. */
function addRenderRoute(app: FastifyInstance, ports: ApiPorts): void {
  const querystring = inputs({
    firmware: { type: 'string', enum: firmwareKinds },
    secrets: { type: 'string', enum: ['masked', 'shown'] },
  });
  app.get<{ Params: { name: string }; Querystring: { firmware?: FirmwareKind; secrets?: string } }>(
    '/machines/:name/render',
    { ...about(RENDER), schema: { querystring } },
    async ({ params: { name }, query }) => {
      const render = await ports.machines.render(name, {
        firmware: query.firmware,
        showSecrets: query.secrets === 'shown',
      });
      if (render === undefined) throw unknownMachine(ports, name);
      return { render };
    },
  );
}

function operationAnswer(ports: ApiPorts, name: string, result: OperationResult): MachineView {
  switch (result.kind) {
    case 'done':
      return machineView(result.row);
    case 'unknown-machine':
      throw unknownMachine(ports, name);
    case 'unknown-profile': {
      const names = [...ports.machines.profiles()];
      const { profile } = result;
      const message =
        profile === undefined ? `machine ${name} names no profile` : `there is no profile "${profile}" to install`;
      const near = profile === undefined ? '' : didYouMean(profile, names);
      throw new ApiError(404, 'unknown-profile', message, `${near}Profiles: ${names.join(', ') || 'none'}`);
    }
    case 'refused':
      throw new ApiError(409, 'refused', `${name}: ${result.reason}`, `Look at it with: rackready machines ${name}`);
  }
}

function wakeAnswer(ports: ApiPorts, name: string, result: WakeResult): WakeView {
  switch (result.kind) {
    case 'sent':
      return wakeView(result);
    case 'unknown-machine':
      throw unknownMachine(ports, name);
    case 'refused':
      throw new ApiError(409, 'refused', `${name} is not woken: ${result.reason}`, result.next);
    case 'failed': {
      const hint = 'Look at the sockets with: rackready status, and at the interfaces with: ip -br address';
      throw new ApiError(503, 'not-sent', `${name} cannot be woken: ${result.reason}`, hint);
    }
  }
}

export function unknownMachine({ machines }: Pick<ApiPorts, 'machines'>, name: string): ApiError {
  const message = `there is no machine "${name}" in the configuration`;
  return new ApiError(404, 'unknown-machine', message, hintFor(machines, name));
}

/** People know a machine by its MAC address, too. */
function hintFor(machines: ApiPorts['machines'], name: string): string {
  const known = Array.from(machines.list(), ({ machine }) => machine);
  const mac = discoveredMac(name) ?? parseMac(name);
  const owner = mac && known.find(({ macs }) => macs.includes(mac));
  if (owner) return `${mac} is a card of ${owner.name}: use that name.`;
  if (mac)
    return `It is only discovered. Take it into the configuration first: rackready machines add NAME --mac ${mac}`;
  const near = didYouMean(
    name,
    known.map((machine) => machine.name),
  );
  return `${near}List them with: rackready machines`;
}
