/** A configuration with many machines, in turn of every built-in system that brings a template. */
export function bigRack(machines: number): string {
  const systems = [
    'debian-12',
    'debian-13',
    'rocky-9',
    'rocky-10',
    'alma-9',
    'alma-10',
    'centos-7',
    'ubuntu-24.04',
    'ubuntu-26.04',
  ];
  const profiles = systems.map((os) => {
    const source = os.startsWith('debian') ? 'http://deb.example.org/debian' : `/srv/${os}`;
    const iso = os.startsWith('ubuntu') ? `, iso: /srv/${os}.iso` : '';
    return `  ${os}: { os: ${os}, source: "${source}"${iso} }\n`;
  });
  const lines = Array.from({ length: machines }, (_, index) => {
    const [high, low] = [index >> 8, index & 255];
    const hex = (value: number) => value.toString(16).padStart(2, '0');
    const address = `10.1.${high + 1}.${low}`;
    const how = index % 2 === 0 ? 'dhcp' : 'static';
    const values = `vars: { number: ${index}, packages: [vim, tmux], disk: { minSize: 200G } }`;
    const os = systems[index % systems.length];
    return `  n${index}: { mac: "02:00:00:00:${hex(high)}:${hex(low)}", address: ${address}, addressing: ${how}, profile: ${os}, ${values} }\n`;
  });
  return `defaults: { sshKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5oPzrq3Yt8xk2x0m7m0ZtS8Hq3u0V7pX4m2QyJwJcB admin@deploy"] }
networks:
  big: { interface: br0, subnet: 10.1.0.0/16, address: 10.1.0.1, router: 10.1.0.2, dhcp: { mode: authoritative } }
profiles:
${profiles.join('')}machines:
${lines.join('')}`;
}
