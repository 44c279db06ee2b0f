import { formatBytes } from '../../net/amounts.ts';

/** "3 files, 1.2 GB" */
export function formatAmount(files: number, bytes: number): string {
  return `${files} ${files === 1 ? 'file' : 'files'}, ${formatBytes(bytes)}`;
}
