/** A file of an initramfs. */
export interface InitFile {
  readonly name: string;
  readonly text: string;
  readonly mode: number;
}

/** An archive in the format of initramfs ("newc", see the kernel's early-userspace/buffer-format), to be put behind another one. */
export function cpio(files: readonly InitFile[]): Buffer {
  const entry = (name: string, mode: number, data: Buffer, inode: number) => {
    const fields = [inode, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length + 1, 0];
    const head = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`;
    return Buffer.concat([padded(Buffer.from(head)), padded(data)]);
  };
  const entries = files.map(({ name, text, mode }, index) =>
    entry(name, 0o100000 | mode, Buffer.from(text), index + 1),
  );
  return Buffer.concat([...entries, entry('TRAILER!!!', 0, Buffer.alloc(0), 0)]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
