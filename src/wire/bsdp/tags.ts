/**
 * Sub-options of option 43 in the option space of Apple's Boot Server Discovery Protocol ("NetBoot 2.0: BSDP"): one byte
 * code, one byte length, value in network order. 0 is padding, 255 ends an instance (Apple writes none).
 */
export const BsdpTag = {
  messageType: 1,
  version: 2,
  serverIdentifier: 3,
  serverPriority: 4,
  replyPort: 5,
  // 6, the path of an image list, was never used.
  defaultImage: 7,
  selectedImage: 8,
  imageList: 9,
  netBoot1: 10,
  attributeFilter: 11,
  maxMessageSize: 12,
  shadowMountPath: 128,
  shadowFilePath: 129,
  machineName: 130,
} as const;

export type BsdpMessage = 'list' | 'select' | 'failed';

const types: readonly (readonly [BsdpMessage, number])[] = [
  ['list', 1],
  ['select', 2],
  ['failed', 3],
];

export function bsdpMessageName(type: number): BsdpMessage | undefined {
  return types.find(([, value]) => value === type)?.[0];
}

export function bsdpMessageType(name: BsdpMessage): number {
  return types.find(([one]) => one === name)?.[1] ?? 0;
}

/** Sub-option 2. Clients of version 1.0 do not know the image list. */
export const BSDP_1_0 = 0x0100;
export const BSDP_1_1 = 0x0101;
