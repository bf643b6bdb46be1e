/** What goes wrong with the members, one thing after another. */
import type { Random } from '../../src/base/random.ts';
import { after, type Member } from './cluster.ts';

export interface Fault {
  readonly name: string;
  readonly run: (cluster: Cluster) => Promise<void>;
}

export interface Cluster {
  readonly members: readonly Member[];
  readonly random: Random;
  readonly say: (text: string) => void;
  /** Forgets all revisions but the newest. */
  readonly compact: () => Promise<void>;
}

const SHORTEST_MS = 2000;
const LONGEST_MS = 9000;

/** Some members in an order that chance gives. */
function some({ members, random }: Cluster, count: number): Member[] {
  const left = [...members];
  return Array.from({ length: count }, () => left.splice(random.below(left.length), 1)[0]!);
}

/** A fault that begins, lasts, and ends. */
function lasting(
  name: string,
  count: number,
  begin: (member: Member) => Promise<void> | void,
  end: (member: Member) => void,
): Fault {
  return {
    name,
    run: async (cluster) => {
      const hit = some(cluster, count);
      const lasts = SHORTEST_MS + cluster.random.below(LONGEST_MS - SHORTEST_MS);
      cluster.say(
        `${name}: ${hit.map((member) => member.name).join(', ')}, for ${(lasts / 1000).toFixed(1)} s`,
      );
      for (const member of hit) await begin(member);
      // History goes while somebody cannot see it go.
      if (cluster.random.chance(0.5)) await after(lasts / 2).then(() => cluster.compact());
      else await after(lasts / 2);
      await after(lasts / 2);
      for (const member of hit) end(member);
    },
  };
}

const kill = (member: Member): Promise<void> => member.kill();
const start = (member: Member): void => {
  member.start();
};
const cut = (member: Member): void => {
  member.cut(true);
};
const join = (member: Member): void => {
  member.cut(false);
};

export const FAULTS: readonly Fault[] = [
  lasting('killed', 1, kill, start),
  lasting('cut off', 1, cut, join),
  lasting(
    'parted from the others, reached by clients',
    1,
    (member) => {
      member.part(true);
    },
    (member) => {
      member.part(false);
    },
  ),
  lasting(
    'frozen',
    1,
    (member) => {
      member.freeze(true);
    },
    (member) => {
      member.freeze(false);
    },
  ),
  lasting('killed', 2, kill, start),
  lasting('cut off', 3, cut, join),
  lasting('killed', 3, kill, start),
  {
    name: 'compacted',
    run: async ({ compact, say }) => {
      say('compacted');
      await compact();
    },
  },
];
