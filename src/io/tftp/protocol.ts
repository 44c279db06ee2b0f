/**
 * The one place where the TFTP server reaches into serve/: its sockets and timers carry out what the pure session
 * decides. main.ts could only pass these functions through.
 */
// biome-ignore-start lint/style/noRestrictedImports: see above
export type { BootResource, Requester, ResolveBootFile } from '../../serve/boot-resource.ts';
export { errorText, notFoundText } from '../../serve/tftp/error-text.ts';
export { normalizeFileName } from '../../serve/tftp/file-name.ts';
export { type Negotiated, negotiate, smallerCap, type TransferMode } from '../../serve/tftp/negotiate.ts';
export { toNetascii } from '../../serve/tftp/netascii.ts';
export {
  openTransfer,
  type Rollover,
  step,
  type TransferAction,
  type TransferEvent,
  type TransferOutcome,
  type TransferState,
  wireBlock,
} from '../../serve/tftp/transfer.ts';
// biome-ignore-end lint/style/noRestrictedImports: see above
