/** "43 s", "2 min 05 s", "3 h 12 min", "5 days". */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${String(minutes % 60).padStart(2, '0')} min`;
  return `${Math.floor(hours / 24)} days`;
}

/** "12 kB", "1.4 GB": powers of 1000. */
export function bytes(count: number): string {
  if (count < 999.5) return `${Math.round(count)} B`;
  let value = count;
  let unit = '';
  for (const next of ['kB', 'MB', 'GB', 'TB']) {
    value /= 1000;
    unit = next;
    if (value < 999.5) break;
  }
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ${unit}`;
}

const isSameDay = (a: Date, b: Date) => a.toDateString() === b.toDateString();

/** "14:02:11" today, else "2026-11-25 14:02": in the reader's time zone. */
export function clockTime(at: number | string, now = Date.now()): string {
  const date = new Date(at);
  const [day, time] = [localDay(date), date.toTimeString().slice(0, 8)];
  return isSameDay(date, new Date(now)) ? time : `${day} ${time.slice(0, 5)}`;
}

function localDay(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0');
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** A name of the API as words: "vendorClass" is "vendor class". */
export function spaced(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** "3 machines", "1 machine". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
