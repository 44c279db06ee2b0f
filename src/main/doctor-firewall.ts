import { readFile } from 'node:fs/promises';
import type { Settings } from '../config/settings.ts';
import { output } from './doctor-host.ts';
import { type Finding, failure, ok, warning } from './finding.ts';
import { judgeRuleset, type Wanted } from './nft-ruleset.ts';

/**
 * Whether rules of this host drop what machines send to the boot ports. Reads only, with the tools that are there. Other
 * machines' firewalls and switches are not seen from here.
 */
export async function checkFirewall({ server, networks }: Settings): Promise<Finding[]> {
  const mayAnswer = networks.some(({ dhcp }) => dhcp.mode !== 'observe' && dhcp.mode !== 'off');
  const interfaces = networks.flatMap((network) => network.interface ?? []);
  if (interfaces.length === 0) return [];
  const wanted: Wanted[] = [{ protocol: 'udp', port: 67 }];
  if (mayAnswer) wanted.push({ protocol: 'udp', port: 4011 }, { protocol: 'udp', port: 69 });
  if (mayAnswer) wanted.push({ protocol: 'tcp', port: server.httpPort });
  return [...(await checkFrontends(wanted)), ...(await checkRules(wanted, interfaces))];
}

/** firewalld and ufw are named, because their own commands are what an operator will want to use. */
async function checkFrontends(wanted: readonly Wanted[]): Promise<Finding[]> {
  const found: Finding[] = [];
  const ports = wanted.map(({ protocol, port }) => `${port}/${protocol}`);
  const ufw = await readFile('/etc/ufw/ufw.conf', 'utf8').catch(() => '');
  if (/^ENABLED=yes/m.test(ufw)) {
    const rules = ports.map((port) => `ufw allow in ${port}`).join('; ');
    found.push(warning('firewall', 'ufw is active; see below whether it lets the boot ports in', rules));
  }
  if ((await output('firewall-cmd', ['--state']))?.trim() === 'running') {
    const rules = ports.map((port) => `--add-port=${port}`).join(' ');
    found.push(warning('firewall', 'firewalld is active; see below', `firewall-cmd --permanent ${rules} --zone=ZONE`));
  }
  return found;
}

async function checkRules(wanted: readonly Wanted[], interfaces: readonly string[]): Promise<Finding[]> {
  const json = await output('nft', ['--json', 'list', 'ruleset']);
  if (json !== undefined) return judge(wanted, interfaces, json);
  const iptables = await output('iptables-save', ['-t', 'filter']);
  if (iptables === undefined) {
    const names = (await readFile('/proc/net/ip_tables_names', 'utf8').catch(() => '')).trim();
    const legacy = names === '' ? '' : '; the kernel has iptables rules';
    const text = `cannot be seen: neither nft nor iptables-save could be run here${legacy}`;
    return [warning('firewall', text, 'Run the same with sudo, or look by hand: nft list ruleset')];
  }
  const drops = /^:INPUT (DROP|REJECT)/m.test(iptables) || /^-A INPUT .*-j (DROP|REJECT)/m.test(iptables);
  if (!drops) return [ok('firewall', 'iptables drops nothing that comes in')];
  return wanted
    .filter(({ protocol, port }) => !new RegExp(`^-A .*-p ${protocol} .*\\b${port}\\b.*-j ACCEPT`, 'm').test(iptables))
    .map(({ protocol, port }) =>
      warning(
        'firewall',
        `iptables drops input, and no rule lets ${protocol} port ${port} in`,
        `iptables -I INPUT -p ${protocol} --dport ${port} -j ACCEPT`,
      ),
    );
}

function judge(wanted: readonly Wanted[], interfaces: readonly string[], json: string): Finding[] {
  const found = [...new Set(interfaces)].flatMap((name) =>
    wanted.flatMap((one): Finding[] => {
      const { verdict, rule } = judgeRuleset(json, { ...one, interface: name });
      if (verdict === 'accept') return [];
      const what = `${one.protocol} port ${one.port} on ${name}`;
      const next = `nft insert rule ${rule.chain} iifname "${name}" ${one.protocol} dport ${one.port} accept`;
      if (verdict === 'drop') return [failure('firewall', `${rule.text} drops ${what}`, next)];
      return [warning('firewall', `${rule.text} may drop ${what}: its conditions are not understood here`, next)];
    }),
  );
  return found.length > 0 ? found : [ok('firewall', 'nftables lets the boot ports in')];
}
