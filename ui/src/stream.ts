import { get } from './api.ts';

export type StreamState = 'open' | 'waiting' | 'absent';

export interface StreamHandler<Value> {
  onValue(value: Value): void;
  /** `absent`: this server has no such stream. */
  onState?(state: StreamState): void;
}

const AGAIN_MS = 3000;

/** Follows server-sent events below /api/v1 until the returned function is called. `probe` tells why a stream was refused. */
export function follow<Value>(path: string, probe: string, handler: StreamHandler<Value>): () => void {
  let source: EventSource | undefined;
  let timer: number | undefined;
  let isEnded = false;
  const open = () => {
    if (isEnded) return;
    source = new EventSource(`/api/v1${path}`);
    source.onopen = () => handler.onState?.('open');
    source.onmessage = (message) => handler.onValue(JSON.parse(String(message.data)) as Value);
    source.onerror = () => {
      if (isEnded) return;
      handler.onState?.('waiting');
      // The browser comes back by itself after a lost connection, and not after a refusal.
      if (source?.readyState === EventSource.CLOSED) void lookWhy();
    };
  };
  const lookWhy = async () => {
    const status = await get(probe).then(
      () => 200,
      (error: { readonly status?: number }) => error.status ?? 0,
    );
    if (isEnded) return;
    if (status === 404) handler.onState?.('absent');
    // After 401 the sign-in is shown, and whoever follows starts anew.
    else if (status !== 401) timer = setTimeout(open, AGAIN_MS);
  };
  open();
  return () => {
    isEnded = true;
    clearTimeout(timer);
    source?.close();
  };
}
