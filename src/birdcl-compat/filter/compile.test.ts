import { describe, expect, it } from 'vitest';
import { ATTR } from '../../rib/attrs/codes.ts';
import { AttrEditor, u32Bytes } from '../../rib/attrs/edit.ts';
import { load } from '../conf/test-support.ts';
import { FilterCompiler } from './compile.ts';
import { bench, outcome } from './test-support.ts';

/** Conditions on the sample route that hold. */
const TRUE: readonly string[] = [
  'net = 10.65.1.0/24',
  'net.len = 24',
  'net.ip = 10.65.1.0',
  'net.type = NET_IP4',
  'net ~ [ 10.65.0.0/16+ ]',
  'net ~ [ 10.65.1.0/24 ]',
  'net ~ [ 10.65.0.0/16{24,32} ]',
  'net !~ [ 10.65.0.0/16{25,32} ]',
  'net ~ [ 10.65.1.0/25- ]',
  'net ~ [ 0.0.0.0/0{20,24} ]',
  'net !~ [ 10.65.1.0/24{25,32}, 10.64.0.0/16+ ]',
  'net !~ [ 2001:db8::/32+ ]',
  'net ~ 10.65.0.0/16',
  '10.65.1.7 ~ net',
  'net.ip.mask(8) = 10.0.0.0',
  'bgp_path.len = 4',
  'bgp_path.first = 65001',
  'bgp_path.last = 0',
  'bgp_path.last_nonaggregated = 65003',
  '65002 ~ bgp_path',
  '8 ~ bgp_path',
  'bgp_path ~ [ 65003 ]',
  'bgp_path !~ [ 1..6 ]',
  'bgp_path ~ [= 65001 * =]',
  'bgp_path ~ [= 65001 65002 65003 7 =]',
  'bgp_path ~ [= 65001 65002 65003 8 7 8 =]',
  'bgp_path ~ [= ? ? ? ? =]',
  'bgp_path !~ [= 65001 ? =]',
  'bgp_path ~ [= * 65000..65005 [ 7, 9 ] =]',
  'bgp_path ~ [= 65001 65002 65003 =] || true',
  'bgp_origin = ORIGIN_IGP',
  'bgp_origin ~ [ ORIGIN_IGP, ORIGIN_EGP ]',
  'bgp_next_hop = 10.0.0.1',
  'bgp_next_hop ~ [ 10.0.0.0..10.0.0.9 ]',
  'bgp_next_hop ~ 10.0.0.0/8',
  'bgp_med = 50',
  'bgp_local_pref >= 100',
  'bgp_local_pref < 101 && bgp_local_pref > 99',
  '(1, 2) ~ bgp_community',
  '(65000, 1) ~ bgp_community',
  'bgp_community ~ [ (1, *) ]',
  'bgp_community ~ [ (65000, 0..3) ]',
  'bgp_community ~ [ (64999..65001, 1) ]',
  'bgp_community ~ [ (*, 2) ]',
  'bgp_community !~ [ (1, 3..9), (2, *) ]',
  'bgp_community.len = 2',
  'bgp_community.min = (1, 2)',
  'bgp_community.max.asn = 65000',
  'bgp_community.max.data = 1',
  '(rt, 1, 2) ~ bgp_ext_community',
  '(ro, 0.10.0.0, 5) ~ bgp_ext_community',
  'bgp_ext_community ~ [ (rt, 1, *) ]',
  'bgp_ext_community !~ [ (rt, 2, *) ]',
  'bgp_ext_community.len = 2',
  '(1, 2, 3) ~ bgp_large_community',
  'bgp_large_community ~ [ (4, 5, *) ]',
  'bgp_large_community ~ [ (1, *, *) ]',
  'bgp_large_community !~ [ (2..3, *, *) ]',
  'bgp_large_community.max.data2 = 6',
  'bgp_originator_id = 1.2.3.4',
  'bgp_originator_id ~ [ 1.2.3.0..1.2.3.9 ]',
  'bgp_cluster_list.len = 0',
  'defined(bgp_med)',
  '! defined(bgp_cluster_list)',
  '! defined(bgp_aggregator)',
  'source = RTS_BGP',
  'from = 10.0.0.1',
  'proto = "bgp1"',
  'proto ~ "bg*"',
  'preference = 100',
  '1 + 2 * 3 = 7',
  '7 / 2 = 3',
  '0 - 1 = 4294967295',
  '65536 * 65537 = 65536',
  '"abc" ~ "a?c"',
  '"abc" < "abd"',
  '(1, 2) < (1, 3)',
  '1.2.3.4 < 1.2.3.5',
  '1 != "1"',
  '+empty+.len = 0',
  '[ 3..9, 1 ] = [ 1, 3..9 ]',
  '[ 1, 2 ] != [ 1..2 ]',
  '2 ~ [ 1..1, 2..2, 5..9, 6..7 ]',
  '8 ~ [ 5..9, 6..7 ]',
  '5 ~ [ 1, 3..9 ]',
  'format(net) = "10.65.1.0/24"',
  'from.is_v4',
];

/** Statements, and what they change on the sample route: attribute codes with values in hexadecimal. */
const CHANGES: readonly (readonly [string, string])[] = [
  ['accept;', 'accept'],
  ['reject;', 'reject'],
  ['bgp_med = 7; accept;', '4=00000007'],
  ['unset(bgp_med); accept;', '4=none'],
  ['bgp_local_pref = bgp_local_pref + 1; accept;', '5=00000065'],
  ['bgp_origin = ORIGIN_INCOMPLETE; accept;', '1=02'],
  ['bgp_next_hop = 10.9.9.9; accept;', '3=0a090909'],
  ['bgp_next_hop = 2001:db8::1; accept;', '3=none 14=20010db8000000000000000000000001'],
  ['bgp_path.prepend(9); accept;', '2=0204000000090000fde90000fdea0000fdeb01020000000700000008'],
  ['bgp_path.delete(65002); accept;', '2=02020000fde90000fdeb01020000000700000008'],
  ['bgp_path.filter([ 1..10 ]); accept;', '2=01020000000700000008'],
  ['bgp_path.empty; accept;', '2='],
  ['bgp_community.add((3, 4)); accept;', '8=00010002fde8000100030004'],
  ['bgp_community.add((1, 2)); accept;', 'accept'],
  ['bgp_community.delete((1, 2)); accept;', '8=fde80001'],
  ['bgp_community.delete([ (1, *) ]); accept;', '8=fde80001'],
  ['bgp_community.filter([ (1, *) ]); accept;', '8=00010002'],
  ['bgp_community.empty; accept;', '8=none'],
  ['bgp_community = add(-empty-, (5, 6)); accept;', '8=00050006'],
  ['bgp_ext_community.add((rt, 70000, 3)); accept;', '16=00020001000000020103000a000000050202000111700003'],
  ['bgp_ext_community.delete((rt, 1, 2)); accept;', '16=0103000a00000005'],
  ['bgp_large_community.delete([ (1, *, *) ]); accept;', '32=000000040000000500000006'],
  ['bgp_originator_id = 9.8.7.6; accept;', '9=09080706'],
  ['preference = 300; accept;', '256=0000012c'],
  ['if net.len > 8 then bgp_med = 1; else bgp_med = 2; accept;', '4=00000001'],
  ['int i; i = 5; { int i; i = 6; } bgp_med = i; accept;', '4=00000005'],
  ['int s = 0; for int a in bgp_path do s = s + a; bgp_med = s; accept;', '4=0002f9cd'],
  ['for pair c in bgp_community do if c.asn = 1 then bgp_med = c.data; accept;', '4=00000002'],
  ['case bgp_med { 1..40: reject; 50, 60: bgp_med = 3; accept; else: reject; }', '4=00000003'],
  ['case bgp_origin { ORIGIN_EGP: reject; else: bgp_med = 4; } accept;', '4=00000004'],
  ['case net.len { else: reject; 24: accept; }', 'accept'],
  ['return bgp_med = 50;', 'accept'],
  ['return false;', 'reject'],
  ['print "len ", bgp_path.len, " ", (1, 2); accept;', 'len 4 (1,2)'],
  ['printn "a"; print "b"; accept;', 'ab'],
  ['bgp_med = 1;', 'f: Filter did not return accept nor reject. Make up your mind'],
  ['if 1 / (bgp_med - 50) = 1 then accept; reject;', 'f: Mother told me not to divide by 0'],
  ['unset(bgp_med); if bgp_med + 1 = 1 then accept; reject;', 'f: Argument must be defined, got void'],
  ['unset(bgp_med); if bgp_med < 1 then accept; reject;', '4=none'],
  ['unset(bgp_med); if bgp_med = 0 then accept; reject;', 'reject'],
  [
    'int i = 70000; bgp_ext_community.add((rt, i, 70000)); accept;',
    "f: 4-byte value 70000 can't be used with 4-byte ASN in extended community",
  ],
];

describe('conditions that hold on the sample route', () => {
  it.each(TRUE)('%s', (condition) => {
    expect(outcome(`if ${condition} then accept; reject;`)).toBe('accept');
    expect(outcome(`if ! (${condition}) then accept; reject;`)).toBe('reject');
  });
});

describe('what statements change', () => {
  it.each(CHANGES)('%s', (body, change) => {
    expect(outcome(body)).toBe(change);
  });
});

describe('functions', () => {
  it('take arguments, return values and may call themselves', () => {
    const fib = 'function fib(int n) { if n < 2 then return n; return fib(n - 1) + fib(n - 2); }';
    expect(outcome('bgp_med = fib(10); accept;', undefined, fib)).toBe('4=00000037');
  });

  it('may accept or reject, also inside an expression', () => {
    const stop = 'function stop() { if net.len = 24 then reject; return true; }';
    expect(outcome('stop(); accept;', undefined, stop)).toBe('reject');
    expect(outcome('if stop() then accept; accept;', undefined, stop)).toBe('reject');
    expect(outcome('if stop() then accept; reject;', '10.0.0.0/8', stop)).toBe('accept');
  });

  it('keep their variables apart', () => {
    const f = 'function g(int a) int b; { b = a; a = 99; return b; }';
    expect(outcome('int a = 3; int b = 4; bgp_med = g(a) + a + b; accept;', undefined, f)).toBe('4=0000000a');
  });

  it('are known to constants', () => {
    const define = 'function twice(int a) { return a * 2; }\ndefine N = twice(21);';
    expect(outcome('bgp_med = N; accept;', undefined, define)).toBe('4=0000002a');
  });
});

describe('prefix sets', () => {
  it.each([
    ['2001:db8:1::/48', '[ 2001:db8::/32{40,50} ]', 'accept'],
    ['2001:db8::/32', '[ 2001:db8::/32{40,50} ]', 'reject'],
    ['2001:db8:1:2::/64', '[ 2001:db8::/32+ ]', 'accept'],
    ['2001:db8::1/128', '[ ::/0+ ]', 'accept'],
    ['0.0.0.0/0', '[ 0.0.0.0/0 ]', 'accept'],
    ['0.0.0.0/0', '[ 10.0.0.0/8- ]', 'accept'],
    ['10.0.0.0/9', '[ 10.0.0.0/8- ]', 'reject'],
    ['8.0.0.0/6', '[ 10.0.0.0/8{6,7} ]', 'accept'],
    ['10.1.0.0/16', '[ 10.0.0.0/8, 10.1.0.0/16 ]', 'accept'],
    ['10.0.0.0/8', '[ ]', 'reject'],
  ])('%s ~ %s: %s', (net, set, verdict) => {
    expect(outcome(`if net ~ ${set} then accept; reject;`, net)).toBe(verdict);
  });
});

describe('sets one after the other', () => {
  const text = 'filter f { if bgp_path.first = 65001 && (1, 2) ~ bgp_community then accept; reject; }';

  it('are read anew, also where a number is given out again', () => {
    const { store, attrs, policy, context } = bench(text);
    const editor = new AttrEditor(store);
    const other = editor.edit(attrs).set(ATTR.communities, 0xc0, u32Bytes(5)).commit();
    store.retain(attrs);
    expect([attrs, other, attrs].map((set) => policy.evaluate(set, context()) > 0)).toEqual([
      true,
      false,
      true,
    ]);
    expect(policy.evaluate(other, context())).toBe(0);
    store.sweep();
    const again = editor.edit(attrs).set(ATTR.med, 0x80, u32Bytes(6)).commit();
    expect(again).toBe(other);
    expect(policy.evaluate(again, context())).toBe(again);
  });
});

describe('a filter that fails on a route', () => {
  it('is reported with the token of the expression, which the configuration can place', () => {
    const text = `router id 1.2.3.4;
filter f {
  if bgp_med / 0 = 1 then accept;
  reject;
}
protocol bgp p { local as 1; neighbor 10.0.0.1 as 1; ipv4 { import filter f; }; }
`;
    const config = load(text).config!;
    const protocol = config.protocols[0]!;
    if (protocol.kind !== 'bgp') throw new Error('expected a BGP protocol');
    const { store, attrs, context } = bench('filter f { accept; }');
    const places: unknown[] = [];
    const compiler = new FilterCompiler(store, {
      error: (_filter, at) => places.push(config.locate(at)),
      print: () => undefined,
    });
    const policy = compiler.policy(protocol.channels[0]!.importFilter);
    expect(policy.evaluate(attrs, context())).toBe(0);
    expect(places).toEqual([{ file: 'bird.conf', line: 3, column: 6 }]);
  });
});

describe('what a policy depends on', () => {
  it.each([
    ['if net.len > 3 then accept; reject;', true, false],
    ['if bgp_med > 3 then accept; reject;', false, false],
    ['if proto = "x" then accept; reject;', false, true],
    ['print "x"; accept;', true, true],
    ['if g() then accept; reject;', true, false],
  ])('%s', (body, network, source) => {
    const { policy } = bench(`function g() { return net.len = 3; }\nfilter f { ${body} }`);
    expect([policy.readsNetwork, policy.readsSource]).toEqual([network, source]);
  });
});

describe('what a configuration says cannot go on for ever', () => {
  const nested = (body: string): string => {
    const loops =
      'for int i in p do for int j in p do for int k in p do for int l in p do for int m in p do ';
    return `bgppath p = bgp_path; for int i in bgp_path do p.prepend(i); for int i in p do p.prepend(i); ${loops}${body}`;
  };

  it.each([
    ['int n = 0; ' + nested('n = n + 1;'), 'f: Filter takes too long'],
    ['bgppath long; ' + nested('long.prepend(n);').replaceAll('(n)', '(1)'), 'f: AS path too long'],
    [
      'clist long; int n = 0; ' + nested('{ n = n + 1; long.add((n / 65536, n - n / 65536 * 65536)); }'),
      'f: List too long',
    ],
    ['string text = "12345678"; ' + nested('text.append(text);'), 'f: String too long'],
  ])('%s', (body, message) => {
    expect(outcome(`${body} accept;`)).toBe(message);
  });

  it('functions that call themselves without end', () => {
    expect(
      outcome('if f1(1) = 1 then accept;', undefined, 'function f1(int a) -> int { return f1(a); }'),
    ).toBe('f: Filter execution stack overflow');
  });
});
