export async function openAdmin(_: unknown): Promise<{ close(): Promise<void> }> {
  return { close: async () => {} };
}
