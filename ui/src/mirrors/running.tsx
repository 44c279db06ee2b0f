import type { ProgressJson } from '../../../src/http/api/mirror-json.ts';
import { bytes, clockTime, counted, duration } from '../wording.ts';

export function Running({ progress, name }: { readonly progress: ProgressJson; readonly name: string }) {
  const { filesDone, filesTotal, bytesDone, bytesTotal, bytesPerSecond, current } = progress;
  // Not all metadata say how large a file is: then more may come than was announced.
  const isKnown = bytesTotal > 0 && bytesDone <= bytesTotal;
  const part = isKnown ? bytesDone / bytesTotal : filesDone / Math.max(1, filesTotal);
  const label = `Progress of ${name}`;
  const [waitsFor] = bytesPerSecond === 0 ? current : [];
  return (
    <>
      {filesTotal > 0 ? <progress aria-label={label} value={part} /> : <progress aria-label={label} />}
      <p class="muted">{wordsOf(progress, isKnown).join(' · ')}</p>
      {waitsFor !== undefined && <p class="muted">Nothing comes at the moment; it waits for {waitsFor}</p>}
    </>
  );
}

/** What is to come is known when the metadata have been read. */
function wordsOf(progress: ProgressJson, isKnown: boolean): string[] {
  const { phase, startedAt, filesDone, filesTotal, bytesDone, bytesTotal, bytesPerSecond, secondsLeft, retries } =
    progress;
  const words = [
    phase,
    filesTotal > 0 && `${filesDone} of ${filesTotal} files`,
    isKnown ? `${bytes(bytesDone)} of ${bytes(bytesTotal)}` : bytesDone > 0 && bytes(bytesDone),
    (filesTotal > 0 || bytesDone > 0) && `${bytes(bytesPerSecond)}/s`,
    secondsLeft !== null && filesTotal > 0 && `${duration(secondsLeft * 1000)} left`,
    `began ${clockTime(startedAt)}`,
    retries > 0 && counted(retries, 'repetition'),
  ];
  return words.filter((word) => typeof word === 'string');
}
