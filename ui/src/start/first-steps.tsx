import { DiscoveredPart } from '../networks/discovered-part.tsx';
import { OtherServers } from '../networks/other-servers.tsx';

/** What a server without a configuration shows. */
export function FirstSteps() {
  return (
    <>
      <div class="head">
        <h1>First steps</h1>
      </div>
      <p>
        This server has no configuration. It answers nothing: it listens, and shows what it hears. Write a{' '}
        <code>rackready.yaml</code>, check it with <code>./rackready check</code>, and start it with{' '}
        <code>sudo ./rackready up</code>.
      </p>
      <OtherServers />
      <DiscoveredPart />
    </>
  );
}
