/** How much an event wants to be seen: `debug` is noise that is normal, `error` needs somebody. */
export type Level = 'debug' | 'info' | 'warning' | 'error';

/** One kind of event. `say` makes the sentence for people out of the event's data. */
export interface Entry<Data> {
  readonly level: Level;
  /** For the operator: when this happens, what it means, what to do. */
  readonly help: string;
  readonly say: (data: Data) => string;
  /** Only heard by whoever listens at that moment: it has no number of its own, and the store never gets it. */
  readonly isPassing: boolean;
}

/** Declares one kind of event; `Data` must be plain JSON. */
export function entry<Data>(level: Level, help: string, say: (data: Data) => string): Entry<Data> {
  return { level, help, say, isPassing: false };
}

/** As entry(), for what is out of date a second later. */
export function passing<Data>(help: string, say: (data: Data) => string): Entry<Data> {
  return { level: 'debug', help, say, isPassing: true };
}
