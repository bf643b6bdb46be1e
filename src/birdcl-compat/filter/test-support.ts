/** A route, a filter, and what comes out: helpers of the tests in this folder. */
import { parseIp } from '../../base/ip.ts';
import { ATTR, FLAG } from '../../rib/attrs/codes.ts';
import { AttrEditor, u32Bytes } from '../../rib/attrs/edit.ts';
import { AttrStore } from '../../rib/attrs/store.ts';
import type { Policy, PolicyContext } from '../../rib/policy.ts';
import { load } from '../conf/test-support.ts';
import { formatDiagnostic } from '../conf/diagnostics.ts';
import type { Diagnostic } from '../conf/diagnostics.ts';
import { FilterCompiler } from './compile.ts';
import type { FilterProgram } from './program.ts';

/** The filter called `f` of a configuration made of `text`. */
export function programOf(text: string): FilterProgram {
  const peer = 'local as 1; neighbor 10.0.0.1 as 1;';
  const result = load(`router id 1.2.3.4;\n${text}\nprotocol bgp p { ${peer} ipv4 { import filter f; }; }\n`);
  if (!result.config) throw new Error(result.errors.map(formatDiagnostic).join('\n'));
  const protocol = result.config.protocols.at(-1)!;
  if (protocol.kind !== 'bgp') throw new Error('expected a BGP protocol');
  return protocol.channels[0]!.importFilter;
}

/** A configuration around definitions. */
export function completed(text: string): string {
  return `router id 192.0.2.1;\nprotocol device {}\n${text}\n`;
}

/** The first error of definitions; undefined where there is none. */
export function errorOf(text: string): Diagnostic | undefined {
  return load(completed(text)).errors[0];
}

const OPTIONAL_TRANSITIVE = FLAG.optional | FLAG.transitive;

/** Attributes of the route that tests filter. */
export function sampleRoute(store: AttrStore): number {
  const words = (...list: number[]): Uint8Array =>
    Uint8Array.from(list.flatMap((word) => [...u32Bytes(word)]));
  const path = Uint8Array.of(2, 3, ...words(65001, 65002, 65003), 1, 2, ...words(7, 8));
  return new AttrEditor(store)
    .edit(0)
    .set(ATTR.origin, FLAG.transitive, Uint8Array.of(0))
    .set(ATTR.asPath, FLAG.transitive, path)
    .set(ATTR.nextHop, FLAG.transitive, words(0x0a000001))
    .set(ATTR.med, FLAG.optional, words(50))
    .set(ATTR.localPref, FLAG.transitive, words(100))
    .set(ATTR.communities, OPTIONAL_TRANSITIVE, words(0x00010002, 0xfde80001))
    .set(ATTR.originatorId, FLAG.optional, words(0x01020304))
    .set(ATTR.extendedCommunities, OPTIONAL_TRANSITIVE, words(0x00020001, 2, 0x0103000a, 0x00000005))
    .set(ATTR.largeCommunities, OPTIONAL_TRANSITIVE, words(1, 2, 3, 4, 5, 6))
    .commit();
}

export interface Bench {
  readonly store: AttrStore;
  readonly attrs: number;
  readonly policy: Policy;
  /** Errors and printed lines, in order. */
  readonly log: string[];
  context(net?: string): PolicyContext;
}

/** The filter `f` of `text`, ready to run on the sample route. */
export function bench(text: string): Bench {
  const store = new AttrStore();
  const log: string[] = [];
  const compiler = new FilterCompiler(store, {
    error: (filter, _at, message) => log.push(`${filter}: ${message}`),
    print: (line) => log.push(line),
  });
  return {
    store,
    attrs: sampleRoute(store),
    policy: compiler.policy(programOf(text)),
    log,
    context(net = '10.65.1.0/24') {
      const [address, length] = net.split('/');
      const { version, words } = parseIp(address!)!;
      return {
        family: version === 4 ? 0 : 1,
        netWords: Uint32Array.from([0, ...words]),
        netAt: 1,
        netLength: Number(length),
        source: { protocol: 'bgp1', kind: 'bgp', address: parseIp('10.0.0.1')!, internal: true },
      };
    },
  };
}

/** What a filter does with the sample route: `reject`, or the changed attributes by name. */
export function outcome(body: string, net?: string, before = ''): string {
  const { store, attrs, policy, context, log } = bench(`${before}\nfilter f { ${body} }`);
  const result = policy.evaluate(attrs, context(net));
  if (log.length > 0) return log.join('|');
  if (result === 0) return 'reject';
  if (result === attrs) return 'accept';
  const codes = new Set<number>();
  store.forEach(attrs, (code) => codes.add(code));
  store.forEach(result, (code) => codes.add(code));
  const changes = [...codes]
    .sort((a, b) => a - b)
    .flatMap((code) => {
      const [old, now] = [store.value(attrs, code), store.value(result, code)];
      const text = (bytes: Uint8Array | undefined): string =>
        bytes ? Buffer.from(bytes).toString('hex') : 'none';
      return text(old) === text(now) ? [] : [`${code}=${text(now)}`];
    });
  return changes.join(' ');
}
