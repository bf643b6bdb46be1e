/** The configuration of a storm: its templates, its keys, and what happens to them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../src/base/random.ts';
import type { Change } from './history.ts';

export const PREFIX = '/storm';
/** In each value that no configuration may have. */
export const BROKEN = 'broken';

/** Sessions that nothing touches but what BIRD takes over without a restart. */
export const STEADY = 20;
/** Those that come and go. */
export const FLEETING = 10;
const FILTERS = 5;
const PREFIXES = 8;
/** Changes after which a broken value is put right, at most. */
const PUT_RIGHT_AFTER = 8;
/** One of so many changes breaks something. */
const BREAK_EVERY = 60;

export interface PeerName {
  readonly name: string;
  /** On loopback. */
  readonly address: string;
  readonly isSteady: boolean;
}

export const PEERS: readonly PeerName[] = Array.from({ length: STEADY + FLEETING }, (_, i) => {
  const isSteady = i < STEADY;
  return { name: `${isSteady ? 'steady' : 'fleeting'}${i}`, address: `127.0.1.${i + 1}`, isSteady };
});

/** What a peer announces: the third byte of 10.0.N.0/24. */
export function announcedBy(i: number): readonly number[] {
  return [i, (i + 7) % PEERS.length, 100 + i];
}

/** Writes the folder of templates. */
export function writeTemplates(folder: string, port: number, dest: string): void {
  mkdirSync(join(folder, 'conf.d'), { recursive: true });
  mkdirSync(join(folder, 'templates'), { recursive: true });
  writeFileSync(
    join(folder, 'conf.d/bird.toml'),
    `[template]\nsrc = "bird.tmpl"\ndest = "${dest}"\nprefix = "${PREFIX}"\nkeys = ["/"]\n`,
  );
  writeFileSync(
    join(folder, 'templates/bird.tmpl'),
    `router id {{getv "/id"}};
protocol device {}
{{range $name := lsdir "/filters"}}
filter {{$name}} {
  if net ~ [ {{join (getvs (printf "/filters/%s/*" $name)) ", "}} ] then accept;
  reject;
}
{{end}}
{{range gets "/peers/*/address"}}{{$peer := dir .Key}}
protocol bgp {{base $peer}} {
  description "{{getv (printf "%s/description" $peer)}}";
  local 127.0.0.1 port ${port} as 65000;
  neighbor {{.Value}} as {{getv (printf "%s/as" $peer)}};
  strict bind;
  multihop;
  passive;
  rr client;
  ipv4 {
    import filter {{getv (printf "%s/filter" $peer)}};
    import limit {{getv (printf "%s/limit" $peer)}} action warn;
    export all;
  };
}
{{end}}`,
  );
}

/** The keys as they are meant to be, and changes of them. */
export class Keys {
  readonly #values = new Map<string, string>();
  readonly #random: Random;
  #count = 0;
  /** A key that is broken, what it is to be, and at which change. */
  #broken: { readonly key: string; readonly now: string | undefined; readonly due: number } | undefined;
  readonly counts = { broken: 0, removed: 0 };

  constructor(random: Random) {
    this.#random = random;
    this.#set('id', '10.255.0.1');
    for (let i = 0; i < FILTERS; i++)
      for (let j = 0; j < PREFIXES; j++) this.#set(`filters/f${i}/${j}`, this.#prefix());
    for (const [i, { name, address }] of PEERS.entries()) {
      this.#set(`peers/${name}/address`, address);
      this.#set(`peers/${name}/as`, '65000');
      this.#set(`peers/${name}/description`, 'as it was');
      this.#set(`peers/${name}/filter`, `f${i % FILTERS}`);
      this.#set(`peers/${name}/limit`, '100');
    }
  }

  /** What the store is to have at the moment, the broken value included. */
  get wanted(): ReadonlyMap<string, string> {
    const wanted = new Map(this.#values);
    if (!this.#broken) return wanted;
    const { key, now } = this.#broken;
    if (now === undefined) wanted.delete(key);
    else wanted.set(key, now);
    return wanted;
  }

  /** From now on nothing is broken. */
  mend(): void {
    this.#broken = undefined;
  }

  /** The last change of all. */
  last(): Change {
    return this.#set(`peers/${PEERS[0]!.name}/description`, 'the end');
  }

  /** The next change. */
  next(): Change {
    const number = this.#count++;
    if (this.#broken && number >= this.#broken.due) return this.#putRight(this.#broken.key);
    if (!this.#broken && number % BREAK_EVERY === BREAK_EVERY - 1) return this.#break();
    const peer = this.#random.pick(PEERS);
    const kind = this.#random.below(10);
    if (kind < 4) return this.#set(`peers/${peer.name}/description`, `change ${number}`);
    if (kind < 6) return this.#set(`peers/${peer.name}/limit`, `${50 + this.#random.below(500)}`);
    if (kind < 9) {
      // The last one of a filter has to stay, else its set of prefixes is empty.
      const place = this.#random.below(PREFIXES);
      const key = `filters/f${this.#random.below(FILTERS)}/${place}`;
      const goes = place > 0 && this.#values.has(`${PREFIX}/${key}`) && this.#random.below(3) === 0;
      return this.#set(key, goes ? undefined : this.#prefix());
    }
    const fleeting = this.#random.pick(PEERS.filter(({ isSteady }) => !isSteady));
    const key = `peers/${fleeting.name}/address`;
    const goes = this.#values.has(`${PREFIX}/${key}`);
    if (goes) this.counts.removed++;
    return this.#set(key, goes ? undefined : fleeting.address);
  }

  #putRight(key: string): Change {
    this.#broken = undefined;
    return { key, value: this.#values.get(key) };
  }

  #break(): Change {
    const { name } = this.#random.pick(PEERS);
    const key = this.#random.pick([
      `peers/${name}/as`,
      `peers/${name}/limit`,
      `filters/f${this.#random.below(FILTERS)}/0`,
      `peers/${name}/filter`,
      // Without it the template fails.
      'id',
    ]);
    this.counts.broken++;
    const now = key === 'id' ? undefined : BROKEN;
    const due = this.#count + 1 + this.#random.below(PUT_RIGHT_AFTER);
    this.#broken = { key: `${PREFIX}/${key}`, now, due };
    return { key: this.#broken.key, value: now };
  }

  #set(name: string, value: string | undefined): Change {
    const key = `${PREFIX}/${name}`;
    if (value === undefined) this.#values.delete(key);
    else this.#values.set(key, value);
    if (this.#broken?.key === key) this.#broken = undefined;
    return { key, value };
  }

  /** One that some peer announces. */
  #prefix(): string {
    return `10.0.${this.#random.pick(announcedBy(this.#random.below(PEERS.length)))}.0/24`;
  }
}
