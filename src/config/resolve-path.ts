/** An absolute path without `.` and `..`; a URL stays as it is. */
export function resolvePath(folder: string, path: string): string {
  if (/^https?:\/\//.test(path)) return path;
  const steps: string[] = [];
  for (const step of (path.startsWith('/') ? path : `${folder}/${path}`).split('/')) {
    if (step === '..') steps.pop();
    else if (step !== '' && step !== '.') steps.push(step);
  }
  return `/${steps.join('/')}`;
}
