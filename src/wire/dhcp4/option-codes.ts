/** DHCP and BOOTP option codes by their names in the RFCs (RFC 2132 unless the line says otherwise). */
export const Option = {
  pad: 0,
  subnetMask: 1, // 3.3
  routers: 3, // 3.5
  dnsServers: 6, // 3.8
  logServers: 7, // 3.9
  hostName: 12, // 3.14
  domainName: 15, // 3.17
  rootPath: 17, // 3.19
  interfaceMtu: 26, // 5.1
  broadcastAddress: 28, // 5.3
  ntpServers: 42, // 8.3
  vendorSpecific: 43, // 8.4
  requestedAddress: 50, // 9.1
  leaseTime: 51, // 9.2
  overload: 52, // 9.3
  messageType: 53, // 9.6
  serverIdentifier: 54, // 9.7
  parameterRequestList: 55, // 9.8
  message: 56, // 9.9
  maxMessageSize: 57, // 9.10
  renewalTime: 58, // 9.11
  rebindingTime: 59, // 9.12
  vendorClass: 60, // 9.13
  clientIdentifier: 61, // 9.14
  tftpServerName: 66, // 9.4
  bootFileName: 67, // 9.5
  userClass: 77, // RFC 3004
  relayAgentInfo: 82, // RFC 3046
  clientArch: 93, // RFC 4578 2.1
  clientUndi: 94, // RFC 4578 2.2
  clientMachineId: 97, // RFC 4578 2.3
  subnetSelection: 118, // RFC 3011
  classlessRoutes: 121, // RFC 3442
  ipxe: 175, // ipxe.org
  end: 255,
} as const;

/** Values of option 53 (RFC 2132 9.6). */
export const MessageType = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
  inform: 8,
} as const;

export type MessageName = keyof typeof MessageType;

const names = new Map<number, MessageName>(
  Object.entries(MessageType).map(([name, value]) => [value, name as MessageName]),
);

/** The name of an option 53 value; undefined for those that we do not speak (FORCERENEW and later). */
export function messageName(type: number): MessageName | undefined {
  return names.get(type);
}
