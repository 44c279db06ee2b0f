/** GRUB, iPXE and EDK2 print the text on the console; a line of the screen has little more. */
const LONGEST_TEXT = 100;

/** The text of an ERROR packet: printable ASCII, at most 100 characters. */
export function errorText(text: string): string {
  const plain = text.replace(/[^\x20-\x7e]/g, '?');
  return plain.length <= LONGEST_TEXT ? plain : `${plain.slice(0, LONGEST_TEXT - 3)}...`;
}

/** "file not found: x.efi (did you mean X.EFI?)"; a long name gives way to the hint. */
export function notFoundText(name: string, near: string | undefined): string {
  const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
  const whole = `file not found: ${name}${hint}`;
  if (whole.length <= LONGEST_TEXT || near === undefined) return errorText(whole);
  const short = `file not found${hint}`;
  return errorText(short);
}
