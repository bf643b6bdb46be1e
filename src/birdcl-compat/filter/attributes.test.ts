/** Attributes that filters read and set: of the forwarding world, of other protocols, custom ones. */
import { describe, expect, it } from 'vitest';
import { ATTR, LOCAL_ATTR } from '../../rib/attrs/codes.ts';
import { AttrEditor } from '../../rib/attrs/edit.ts';
import { AttrStore } from '../../rib/attrs/store.ts';
import { FilterCompiler } from './compile.ts';
import { FilterComparer } from './same.ts';
import { bench, errorOf, outcome, programOf } from './test-support.ts';

/** What a filter prints on the sample route. */
function printed(values: string, before = '', definitions = ''): string {
  const { policy, attrs, context, log } = bench(
    `${definitions}\nfilter f { ${before} print ${values}; accept; }`,
  );
  policy.evaluate(attrs, context());
  return log.join('|');
}

describe('attributes of every route', () => {
  // What BIRD 2.0.12 prints for a route from BGP whose next hop nothing resolves.
  it.each([
    ['gw', '::'],
    ['dest', '(enum 33)3'],
    ['scope', '(enum 32)4'],
    ['ifname', ''],
    ['ifindex', '0'],
    ['weight', '1'],
    ['from', '10.0.0.1'],
    ['source', '(enum 30)11'],
    ['preference', '100'],
    ['gw_mpls', '3'],
    ['gw_mpls_stack', '(clist )'],
    ['onlink', 'FALSE'],
    ['igp_metric', '(void)'],
    ['krt_metric', '(void)'],
    ['krt_lock_mtu', '(void)'],
    ['bgp_aggregator', '(void)'],
    ['defined(rip_metric)', 'FALSE'],
  ])('%s is %s', (attribute, value) => {
    expect(printed(attribute)).toBe(value);
  });

  it.each([
    ['from', 'from = 192.0.2.9;', '192.0.2.9'],
    ['gw, " ", dest', 'gw = 192.0.2.9;', '192.0.2.9 (enum 33)1'],
    ['gw, " ", dest', 'gw = 192.0.2.9; dest = RTD_BLACKHOLE;', ':: (enum 33)2'],
    ['dest, ifname', 'ifname = "eth0";', '(enum 33)1eth0'],
    ['weight', 'gw = 192.0.2.9; weight = 7;', '7'],
    ['gw_mpls, " ", gw_mpls_stack', 'gw_mpls = 100;', '100 (clist (0,100))'],
    ['gw_mpls', 'gw_mpls_stack = add(add(-empty-, 7), 8);', '7'],
    ['gw_mpls', 'gw_mpls = 100; gw_mpls = 3;', '3'],
    ['onlink', 'onlink = true;', 'TRUE'],
    ['scope', 'scope = SCOPE_HOST;', '(enum 32)0'],
    ['krt_lock_mtu, krt_lock_rtt', 'krt_lock_mtu = true;', 'TRUEFALSE'],
    ['krt_lock_mtu', 'krt_lock_mtu = true; unset(krt_lock_rtt);', '(void)'],
    ['ospf_router_id', 'ospf_router_id = 1.2.3.4;', '1.2.3.4'],
    ['krt_congctl', 'krt_congctl = "bbr";', 'bbr'],
    ['krt_prefsrc', 'krt_prefsrc = 2001:db8::1;', '2001:db8::1'],
    ['rip_metric', 'rip_metric = 3; rip_metric = rip_metric + 5;', '8'],
    ['defined(rip_metric)', 'rip_metric = 3; unset(rip_metric);', 'FALSE'],
    ['r.bgp_med, " ", r.preference', 'route r; bgp_med = 9;', '9 100'],
  ])('%s after %s is %s', (values, before, value) => {
    expect(printed(values, before)).toBe(value);
  });

  it.each([
    ['dest = RTD_UNICAST;', 'Destination can be changed only to blackhole, unreachable or prohibit'],
    ['weight = 2;', 'Setting weight needs regular nexthop'],
    ['gw = 10.0.0.9; weight = 300;', 'Setting weight value out of bounds'],
    ['gw_mpls = 1048576;', 'Invalid MPLS label (1048576)'],
  ])('%s fails: %s', (statement, message) => {
    expect(outcome(`${statement} accept;`)).toBe(`f: ${message}`);
  });
});

describe('attributes that stay on this box', () => {
  it('are kept with the route and not among its path attributes', () => {
    const { store, policy, attrs, context } = bench('filter f { ospf_tag = 5; accept; }');
    const changed = policy.evaluate(attrs, context());
    expect(changed).not.toBe(attrs);
    expect(store.wireLength[changed]).toBe(store.wireLength[attrs]);
  });

  it('are refused where they are too long to keep', () => {
    const loops =
      'for int i in bgp_path do for int j in bgp_path do for int k in bgp_path do acc.append("12345678");';
    const text = `attribute string foo;\nfilter f { string acc = ""; ${loops} foo = acc; accept; }`;
    const { policy, attrs, context, log } = bench(text);
    expect(policy.evaluate(attrs, context())).toBe(0);
    expect(log).toEqual(['f: Attribute of 1000 bytes is too long to keep, at most 255']);
  });
});

describe('custom attributes', () => {
  const types: readonly (readonly [type: string, value: string, printed: string])[] = [
    ['int', '5', '5'],
    ['ip', '10.0.0.1', '10.0.0.1'],
    ['quad', '1.2.3.4', '1.2.3.4'],
    ['string', '"abc"', 'abc'],
    ['bytestring', 'hex:0102', '01:02'],
    ['bgppath', 'prepend(+empty+, 7)', '(path 7)'],
    ['clist', 'add(-empty-, (1,2))', '(clist (1,2))'],
    ['eclist', 'add(--empty--, (rt,1,2))', '(eclist (rt, 1, 2))'],
    ['lclist', 'add(---empty---, (1,2,3))', '(lclist (1, 2, 3))'],
  ];

  it.each(types)('of type %s go from one filter to the next', (type, value, text) => {
    const store = new AttrStore();
    const log: string[] = [];
    const reports = {
      error: (_: string, __: number, message: string) => log.push(message),
      print: (line: string) => log.push(line),
    };
    const definition = `attribute ${type} foo;`;
    const context = bench('filter f { accept; }').context();
    const first = new FilterCompiler(store, reports).policy(
      programOf(`${definition}\nfilter f { foo = ${value}; accept; }`),
    );
    // Another configuration names others before it.
    const later = programOf(`attribute int bar; ${definition}\nfilter f { bar = 1; print foo; accept; }`);
    const bare = new AttrEditor(store).edit(0).set(ATTR.origin, 0x40, Uint8Array.of(0)).commit();
    new FilterCompiler(store, reports).policy(later).evaluate(first.evaluate(bare, context), context);
    expect(log).toEqual([text]);
  });

  it('are told apart by type', () => {
    const values = 'defined(foo)';
    expect(printed(values, 'foo = 5;', 'attribute int foo;')).toBe('TRUE');
    expect(printed(values, '', 'attribute int foo;')).toBe('FALSE');
  });

  it('cannot be more than the store can tell apart', () => {
    const names = Array.from({ length: 128 }, (_, i) => `x${i}`);
    const many = names
      .slice(0, 127)
      .map((name) => `attribute int ${name};`)
      .join(' ');
    const sets = (list: readonly string[]): string => list.map((name, i) => `${name} = ${i};`).join(' ');
    const text = `${many}\nfilter f { ${sets(names.slice(0, 127))} print x0, " ", x126; accept; }`;
    const { store, policy, attrs, context, log } = bench(text);
    policy.evaluate(attrs, context());
    expect(log).toEqual(['0 126']);
    expect(errorOf(`${many} attribute int x127;`)?.message).toBe('Too many custom attributes.');
    const late = new FilterCompiler(store, {
      error: (_, __, message) => log.push(message),
      print: () => undefined,
    });
    const more = late.policy(
      programOf('attribute int x127;\nfilter f { if defined(x127) then reject; x127 = 5; accept; }'),
    );
    expect(more.evaluate(attrs, context())).toBe(0);
    expect(log[1]).toBe('Too many custom attributes.');
  });

  it('may name a path attribute that has no name yet', () => {
    const definition = 'attribute bgp 200 bytestring foo;\n';
    expect(outcome('foo = hex:0a0b; accept;', undefined, definition)).toBe('200=0a0b');
    expect(printed('foo', 'foo = hex:0a0b;', definition)).toBe('0a:0b');
    expect(printed('defined(foo)', '', definition)).toBe('FALSE');
  });

  it('make filters differ', () => {
    const program = (definition: string, name: string): ReturnType<typeof programOf> =>
      programOf(`${definition};\nfilter f { unset(${name}); accept; }`);
    const same = (a: ReturnType<typeof programOf>, b: ReturnType<typeof programOf>): boolean =>
      new FilterComparer().same(a, b);
    const foo = program('attribute int foo', 'foo');
    expect(same(foo, program('attribute int foo', 'foo'))).toBe(true);
    expect(same(foo, program('attribute int bar', 'bar'))).toBe(false);
    expect(same(foo, program('attribute ip foo', 'foo'))).toBe(false);
  });
});

describe('static routes', () => {
  it.each([
    ['blackhole', 1, '(enum 33)2 ::'],
    ['unreachable', 2, '(enum 33)3 ::'],
    ['prohibit', 3, '(enum 33)4 ::'],
    ['recursive', 4, '(enum 33)3 ::'],
    ['via', undefined, '(enum 33)1 10.0.0.9'],
  ])('%s leads where BIRD says', (_word, destination, text) => {
    const store = new AttrStore();
    const log: string[] = [];
    const compiler = new FilterCompiler(store, { error: () => undefined, print: (line) => log.push(line) });
    const policy = compiler.policy(programOf('filter f { print dest, " ", gw; accept; }'));
    const editor = new AttrEditor(store).edit(0).set(ATTR.nextHop, 0x40, Uint8Array.of(10, 0, 0, 9));
    if (destination !== undefined) editor.set(LOCAL_ATTR.destination, 0, Uint8Array.of(destination));
    const source = { protocol: 's', kind: 'static' as const, internal: false };
    policy.evaluate(editor.commit(), { ...bench('filter f { accept; }').context(), source });
    expect(log).toEqual([text]);
  });
});
