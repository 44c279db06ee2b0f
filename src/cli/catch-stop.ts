const STOPS = ['SIGINT', 'SIGTERM'] as const;

/** The first signal stops what has started, or has begun to; a second one, whichever it is, ends the process as it is. */
export function catchStop(): Promise<NodeJS.Signals> {
  return new Promise((end) => {
    const onSignal = (name: NodeJS.Signals) => {
      // Without a listener the system's own way is taken.
      for (const one of STOPS) process.off(one, onSignal);
      end(name);
    };
    for (const name of STOPS) process.on(name, onSignal);
  });
}
