/**
 * A rehearsal of a full table's way through the daemon, before the first session comes up. Every neighbour sends its
 * whole table right after a start; without this, the run-time compiler meets that code for the first time then, and a
 * second time, with other branches, at the first large withdrawal.
 */
import { NO_PAUSE, STOPPED_CLOCK } from '../base/clock.ts';
import { IPV4 } from '../base/family.ts';
import { ATTR, FLAG } from '../rib/attrs/codes.ts';
import { ACCEPT } from '../rib/policy.ts';
import { DEFAULT_DECISION } from '../rib/source-registry.ts';
import type { EstablishedSession } from '../speaker/session-port.ts';
import { HEADER_LENGTH } from '../speaker/wire/update-encode.ts';
import { Framer } from '../speaker/wire/framer.ts';
import type { PeerPolicy } from './peer-policy.ts';
import { Reflector } from './reflector.ts';

/** Found by measuring: more of either gains nothing. */
const ROUNDS = 3;
const ROUTES = 12_000;
/** Routes with the same attributes, and how many of them are in one message. */
const PER_SET = 6;
const WITHDRAWN_PER_MESSAGE = 800;
const AS = 64_512;
const MARKER_LENGTH = 16;
/** Bytes that arrive at a time. */
const PIECE = 16 * 1024;
const UPDATE = 2;

const POLICY: PeerPolicy = {
  routeReflectorClient: true,
  clusterId: 1,
  routeServerClient: false,
  allowLocalAs: 0,
  allowLocalPref: true,
  allowAsSets: true,
  enforceFirstAs: true,
  interpretCommunities: true,
  defaultLocalPref: 100,
  decision: DEFAULT_DECISION,
  channels: [
    {
      family: IPV4.index,
      table: 'master4',
      importPolicy: ACCEPT,
      exportPolicy: ACCEPT,
      nextHopSelf: 'no',
      nextHopKeep: 'no',
    },
  ],
};

/** What went through, in routes. */
export interface Rehearsed {
  readonly announced: number;
  readonly withdrawn: number;
  /** Still in the table at the end. */
  readonly left: number;
}

/**
 * Sends made-up routes through a reflector of its own, and takes them back, in some 0.3 s.
 * @param pause lets other work be done in between
 */
export async function rehearse(pause = NO_PAUSE): Promise<Rehearsed> {
  const reflector = new Reflector({ clock: STOPPED_CLOCK, policyOf: () => POLICY, report: () => undefined });
  const writes: (() => void)[] = [];
  const neighbour = (number: number): EstablishedSession => ({
    config: { name: `rehearsal${number}`, families: [] },
    negotiated: {
      localAs: AS,
      remoteAs: AS,
      localRouterId: 1,
      remoteRouterId: 1 + number,
      internal: true,
      holdTimeS: 0,
      keepaliveTimeS: 0,
      as4: true,
      families: [
        {
          family: IPV4.index,
          addPathReceive: false,
          addPathSend: false,
          extendedNextHop: false,
          gracefulRestart: false,
          forwardingPreserved: false,
        },
      ],
      routeRefresh: true,
      enhancedRouteRefresh: true,
      maxSendLength: 4096,
      maxReceiveLength: 4096,
    },
    local: { address: { version: 4, words: [1] }, port: 0 },
    remote: { address: { version: 4, words: [1 + number] }, port: 0 },
    write: (_chunks, _messages, written) => {
      writes.push(written);
    },
    requestRefresh: () => false,
    fail: () => undefined,
    pauseReading: () => undefined,
    resumeReading: () => undefined,
  });
  const sender = reflector.established(neighbour(1));
  reflector.established(neighbour(2));
  const framer = new Framer({
    message: (_type, bytes, start, end) => sender.update(bytes, start, end) === undefined,
    malformed: () => undefined,
  });
  const play = async (stream: Uint8Array): Promise<void> => {
    for (let at = 0; at < stream.length; at += PIECE) {
      framer.push(stream.subarray(at, at + PIECE));
      await pause();
    }
    const table = reflector.table('master4');
    while (table.pending > 0 || writes.length > 0) {
      reflector.turn();
      for (const written of writes.splice(0)) written();
      await pause();
    }
  };
  for (let round = 0; round < ROUNDS; round++) {
    await play(announcements());
    await play(withdrawals());
  }
  const [group] = reflector.groups.values();
  return { ...group!.counters, left: reflector.table('master4').routes };
}

/** Appends an UPDATE whose body `write` puts at the offset it is given; it returns the end. */
function message(out: Uint8Array, start: number, write: (at: number) => number): number {
  const end = write(start + HEADER_LENGTH);
  out.fill(0xff, start, start + MARKER_LENGTH);
  out.set([(end - start) >> 8, end - start, UPDATE], start + MARKER_LENGTH);
  return end;
}

function writePrefix(out: Uint8Array, at: number, route: number): number {
  out.set([24, 10, route >> 8, route], at);
  return at + 4;
}

function attributes(set: number): readonly number[] {
  const path = [3000 + (set % 200), 4000 + set].flatMap((as) => [0, 0, as >> 8, as & 255]);
  const communities = [0x40, 0, set >> 8, set & 255];
  return [
    ...[FLAG.transitive, ATTR.origin, 1, 0],
    ...[FLAG.transitive, ATTR.asPath, 2 + path.length, 2, path.length / 4, ...path],
    ...[FLAG.transitive, ATTR.nextHop, 4, 10, 0, 0, 1],
    ...[FLAG.optional, ATTR.med, 4, 0, 0, 0, set % 7],
    ...[FLAG.transitive, ATTR.localPref, 4, 0, 0, 0, 100],
    ...[FLAG.optional | FLAG.transitive, ATTR.communities, communities.length, ...communities],
  ];
}

function announcements(): Uint8Array {
  const sets = ROUTES / PER_SET;
  const out = new Uint8Array(sets * 160);
  let at = 0;
  for (let set = 0; set < sets; set++) {
    at = message(out, at, (body) => {
      const block = attributes(set);
      out.set([0, 0, block.length >> 8, block.length & 255, ...block], body);
      let end = body + 4 + block.length;
      for (let i = 0; i < PER_SET; i++) end = writePrefix(out, end, set + i * sets);
      return end;
    });
  }
  return out.subarray(0, at);
}

function withdrawals(): Uint8Array {
  const out = new Uint8Array(ROUTES * 5);
  let at = 0;
  for (let route = 0; route < ROUTES; route += WITHDRAWN_PER_MESSAGE) {
    at = message(out, at, (body) => {
      let end = body + 2;
      for (let i = route; i < Math.min(ROUTES, route + WITHDRAWN_PER_MESSAGE); i++)
        end = writePrefix(out, end, i);
      out.set([(end - body - 2) >> 8, end - body - 2], body);
      return end + 2;
    });
  }
  return out.subarray(0, at);
}
