import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiProblem } from '../api.ts';
import { useLoaded } from '../load.ts';
import { useCheck } from './check.ts';

/** A text as the server has it. */
interface Versioned {
  readonly text: string;
  readonly version: string;
}

interface EditOptions {
  /** Where the text is asked for; null: there is none yet. */
  readonly path: string | null;
  /** What a text that is not there yet begins with. */
  readonly begin?: string | undefined;
  readonly checkPath: string;
  /** What goes along with each question about the text: whose it is. */
  readonly about: object;
  readonly onDirty: (isDirty: boolean) => void;
}

/**
 * A text that is edited: what is typed, what the server has, and what its check says of it. `save` is for SaveText; what was
 * typed stays until what is there then was read.
 */
export function useTextEdit<Text extends Versioned, Check>({ path, begin, checkPath, about, onDirty }: EditOptions) {
  const { value, problem, reload } = useLoaded<Text>(path);
  const [edited, setEdited] = useState(begin);
  const [isConflict, setConflict] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [machine, setMachine] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  const text = edited ?? value?.text;
  const isDirty = edited !== undefined && edited !== value?.text;
  const asked = text === undefined ? undefined : { ...about, text, ...(machine !== '' && { machine }) };
  const checked = useCheck<Check>(checkPath, asked, value?.version);
  // A new one that nobody has touched is no loss.
  const isWork = isDirty && edited !== begin;
  useEffect(() => {
    onDirty(isWork);
    return () => onDirty(false);
  }, [isWork, onDirty]);
  const settle = () => {
    setEdited(begin);
    setConflict(false);
  };
  return {
    value,
    problem,
    text,
    checked,
    machine,
    setMachine,
    /** Whether what was checked last was also rendered for the machine that is chosen. */
    isOfMachine: ((checked.about as { readonly machine?: string } | undefined)?.machine ?? '') === machine,
    /** Of the field. */
    typing: { isBusy, onInput: setEdited, field },
    /** Of SaveText. */
    saving: {
      isDirty,
      isBusy,
      onBusy: setBusy,
      onReset: settle,
      onConflict: () => {
        setConflict(true);
        return reload();
      },
      theirs: isConflict ? value?.text : undefined,
    },
    /** After a save: reads what is there now, and takes it for what is edited. `tell` throws when it could not be read. */
    settleWith: async (tell: (problem: ApiProblem | undefined) => string): Promise<string> => {
      const said = tell(await reload());
      settle();
      return said;
    },
  };
}
