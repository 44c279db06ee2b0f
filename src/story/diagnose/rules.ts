import { bootFileRules } from './boot-file.ts';
import { addressRules } from './dhcp-address.ts';
import { otherServerRules } from './dhcp-others.ts';
import { silenceRules } from './dhcp-silence.ts';
import { firmwareRules } from './firmware.ts';
import { installationRules } from './installation.ts';
import { ipxeRules } from './ipxe.ts';
import { kernelRules } from './kernel.ts';
import { loaderRules } from './loader.ts';
import { macRules } from './mac.ts';
import { repositoryRules } from './repository.ts';
import type { Rule } from './rule.ts';
import { transferRules } from './transfer.ts';

/** Every rule, by layer. Their order decides between equal confidences. */
export const rules: readonly Rule[] = [
  ...silenceRules,
  ...otherServerRules,
  ...addressRules,
  ...firmwareRules,
  ...bootFileRules,
  ...ipxeRules,
  ...transferRules,
  ...loaderRules,
  ...kernelRules,
  ...installationRules,
  ...repositoryRules,
  ...macRules,
];
