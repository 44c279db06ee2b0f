import type { Scene } from './scene.ts';
import { addressScenes } from './scenes-address.ts';
import { dhcpScenes } from './scenes-dhcp.ts';
import { healthyScenes } from './scenes-healthy.ts';
import { kernelScenes } from './scenes-kernel.ts';
import { loaderScenes } from './scenes-loader.ts';
import { transferScenes } from './scenes-transfer.ts';

export const scenes: readonly Scene[] = [
  ...dhcpScenes,
  ...addressScenes,
  ...loaderScenes,
  ...transferScenes,
  ...kernelScenes,
  ...healthyScenes,
];
