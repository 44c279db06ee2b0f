import { parseIpv4 } from '../../net/ipv4.ts';
import type { BootHttpAnswer, BootHttpRequest } from './protocol.ts';

type Question = Omit<BootHttpRequest, 'id'>;
type TreeAnswer = Extract<BootHttpAnswer, { kind: 'tree' }>;

/** What main has said of mirrors, so that it is not asked for each of their thousands of files. */
export interface MirrorPlaces {
  /** undefined: main has to be asked. */
  find(question: Question): TreeAnswer | undefined;
  /** To be taken when main is asked, and given with its answer: what is forgotten meanwhile stays forgotten. */
  epoch(): number;
  note(question: Question, answer: BootHttpAnswer, epoch: number): void;
  /** Main would say something else now. */
  forget(): void;
}

/** More are more states than clients ask for at a time. */
const MOST_KNOWN = 1000;

export function createMirrorPlaces(): MirrorPlaces {
  const known = new Map<string, TreeAnswer>();
  let epoch = 0;
  return {
    find: (question) => {
      const parts = partsOf(question);
      const place = parts && known.get(parts.place);
      if (place === undefined) return undefined;
      return { ...place, path: parts?.path ?? '', name: question.path.slice(1), client: question.remoteAddress };
    },
    epoch: () => epoch,
    note: (question, answer, since) => {
      const parts = partsOf(question);
      if (parts === undefined || answer.kind !== 'tree' || since !== epoch) return;
      if (known.size >= MOST_KNOWN) known.clear();
      known.set(parts.place, answer);
    },
    forget: () => {
      epoch += 1;
      known.clear();
    },
  };
}

/** `place`: the part of a path that decides, "rocky-9@prod". undefined: it is no plain request for a file of a mirror. */
function partsOf({ method, path, isOwn, remoteAddress }: Question): { place: string; path: string } | undefined {
  if (isOwn === true || (method !== 'GET' && method !== 'HEAD') || parseIpv4(remoteAddress) === undefined)
    return undefined;
  const [, place, rest] = /^\/mirror\/([^/]+)\/(.*)$/s.exec(path) ?? [];
  return place === undefined || rest === undefined ? undefined : { place, path: rest };
}
