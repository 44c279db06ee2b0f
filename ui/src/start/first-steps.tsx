import { useState } from 'preact/hooks';
import type { FirstSteps as Steps } from '../../../src/http/api/config-ports.ts';
import { useLoaded } from '../load.ts';
import { DiscoveredPart } from '../networks/discovered-part.tsx';
import { OtherServers } from '../networks/other-servers.tsx';
import { Chip } from '../parts/chip.tsx';
import { Command } from '../parts/command.tsx';
import { download } from '../parts/download.ts';
import { ProblemBox } from '../parts/problem-box.tsx';

/** What a server without a configuration shows: what it sees, and how to go on from there. */
export function FirstSteps() {
  const [chosen, setChosen] = useState('');
  const query = chosen === '' ? '' : `?${new URLSearchParams({ interface: chosen })}`;
  const { value, problem } = useLoaded<{ first: Steps }>(`/first-steps${query}`, 10_000);
  return (
    <>
      <div class="head">
        <h1>First steps</h1>
      </div>
      <p>
        This server has no configuration. It answers nothing: it listens on the interfaces of this host, and shows what
        it hears. It will not become a DHCP server by itself.
      </p>
      <ProblemBox problem={problem} />
      <div class="columns">
        <div>
          {value && <Interfaces first={value.first} chosen={chosen} onChoose={setChosen} />}
          {value && <Proposal first={value.first} chosen={chosen} />}
        </div>
        <div>
          <OtherServers />
          <DiscoveredPart />
        </div>
      </div>
    </>
  );
}

interface InterfacesProps {
  readonly first: Steps;
  readonly chosen: string;
  readonly onChoose: (name: string) => void;
}

function Interfaces({ first, chosen, onChoose }: InterfacesProps) {
  const isUsable = (one: Steps['interfaces'][number]) => one.isUp && one.addresses.length > 0;
  return (
    <section aria-labelledby="interfaces">
      <h2 id="interfaces">1. Choose a network</h2>
      <fieldset class="plain-set">
        <legend class="muted">The machines are on</legend>
        {[{ name: '', words: 'all of these' }, ...first.interfaces.filter(isUsable).map(interfaceWords)].map((one) => (
          <label key={one.name} class="choice line">
            <input type="radio" name="interface" checked={chosen === one.name} onChange={() => onChoose(one.name)} />
            {one.words}
          </label>
        ))}
      </fieldset>
      <ul>
        {first.interfaces
          .filter((one) => !isUsable(one))
          .map((one) => (
            <li key={one.name} class="muted">
              {one.name} <Chip text={one.isUp ? 'no IPv4 address' : 'switched off'} tone="warn" />
            </li>
          ))}
      </ul>
    </section>
  );
}

function interfaceWords({ name, addresses, hasCarrier }: Steps['interfaces'][number]) {
  return { name, words: `${name}: ${addresses.join(', ')}${hasCarrier ? '' : ' (no cable)'}` };
}

function Proposal({ first, chosen }: { readonly first: Steps; readonly chosen: string }) {
  const { proposal, problems, path } = first;
  const option = chosen === '' ? '' : ` --interface ${chosen}`;
  return (
    <>
      <section aria-labelledby="write">
        <h2 id="write">2. Write a configuration</h2>
        {problems.length > 0 && (
          <div class="box bad">
            <p>As it stands it would be refused; choose one network above.</p>
            <p class="pre">{problems.join('\n')}</p>
          </div>
        )}
        <p>On the deploy host, this writes what stands below:</p>
        <Command text={`./rackready init${option}`} />
        <p>
          Or put it there yourself, as <code>{path}</code> or into the folder <code>/etc/rackready</code>:
        </p>
        <Command text={proposal} name="configuration">
          <button type="button" onClick={() => download('rackready.yaml', proposal)}>
            Download
          </button>
        </Command>
      </section>
      <section aria-labelledby="start">
        <h2 id="start">3. Check it, and start again</h2>
        <p>Stop this server with Ctrl-C first. What it needs besides is named by the check.</p>
        <Command text={'./rackready check\nsudo ./rackready up'} name="commands" />
      </section>
      <section aria-labelledby="first-machine">
        <h2 id="first-machine">4. The first machine</h2>
        <p>
          Switch it on, and let it boot from the network: it appears under <em>Unknown machines</em>. Add it, allow the
          installation, and restart it.
        </p>
        <Command
          text={
            'sudo ./rackready machines discovered\nsudo ./rackready machines add web1 --mac MAC --profile debian\nsudo ./rackready install web1'
          }
          name="commands"
        />
      </section>
    </>
  );
}
