/** Route origin and provider checks, on tables as a configuration fills them. */
import { describe, expect, it } from 'vitest';
import { load } from '../conf/test-support.ts';
import { AsPath } from './as-path.ts';
import { BEHAVIOURS } from './behaviour.ts';
import { parseIp } from '../../base/ip.ts';
import { bench, programOf } from './test-support.ts';
import { FilterComparer } from './same.ts';
import { aspaCheck, NetTable, roaCheck, VALIDITY } from './validation.ts';

const [NEWEST, OLDER] = BEHAVIOURS as unknown as [(typeof BEHAVIOURS)[0], (typeof BEHAVIOURS)[0]];

function prefix(text: string): { ip: NonNullable<ReturnType<typeof parseIp>>; length: number } {
  const [ip, length] = text.split('/');
  return { ip: parseIp(ip!)!, length: Number(length) };
}

function path(...asNumbers: number[]): AsPath {
  return asNumbers.reduceRight((rest, as) => rest.prepend(as), new AsPath(new Uint8Array(0)));
}

describe('origins (RFC 6811)', () => {
  const table = new NetTable('r', 'roa4');
  const origins: readonly (readonly [string, number, number])[] = [
    ['10.0.0.0/8', 16, 1],
    ['10.1.0.0/16', 24, 2],
    ['10.1.0.0/16', 20, 3],
    ['10.2.0.0/16', 16, 0],
  ];
  for (const [net, maxLength, asn] of origins) {
    table.add({ net: { ...prefix(net), kind: 'roa4', maxLength, asn } });
  }

  it.each([
    ['10.0.0.0/8', 1, 'valid'],
    ['10.0.0.0/8', 2, 'invalid'],
    ['10.3.0.0/17', 1, 'invalid'],
    ['10.1.2.0/24', 2, 'valid'],
    ['10.1.2.0/24', 3, 'invalid'],
    ['10.1.16.0/20', 3, 'valid'],
    ['10.1.2.128/25', 2, 'invalid'],
    ['10.2.0.0/16', 0, 'invalid'],
    ['11.0.0.0/8', 1, 'unknown'],
    ['0.0.0.0/0', 1, 'unknown'],
    ['2001:db8::/32', 1, 'unknown'],
  ] as const)('%s of AS%i is %s', (net, as, validity) => {
    expect(roaCheck(table, prefix(net), as)).toBe(VALIDITY[validity]);
  });
});

describe('providers (draft-ietf-sidrops-aspa-verification)', () => {
  const table = new NetTable('a', 'aspa');
  const providers: Readonly<Record<number, readonly number[]>> = {
    1: [10],
    2: [10, 11],
    10: [0],
    11: [0],
    3: [12],
  };
  for (const [asn, list] of Object.entries(providers)) {
    table.add({ net: { ...prefix('::/0'), kind: 'aspa', asn: Number(asn) }, providers: list });
  }
  const check = (upstream: boolean, ...asNumbers: number[]): number =>
    aspaCheck(table, path(...asNumbers), upstream, NEWEST);

  it.each([
    ['valid', [10, 1]],
    ['valid', [10, 10, 1]],
    ['valid', [1]],
    ['invalid', [11, 1]],
    ['invalid', [2, 10, 1]],
    ['unknown', [10, 99]],
    ['invalid', []],
  ] as const)('a path from a customer is %s: %j', (validity, asNumbers) => {
    expect(check(true, ...asNumbers)).toBe(VALIDITY[validity]);
  });

  it.each([
    ['valid', [2, 10, 1]],
    ['valid', [2, 11, 10, 1]],
    ['valid', [1, 10]],
    ['invalid', [10, 1, 3, 12]],
    ['unknown', [99, 2, 10, 1]],
  ] as const)('a path from a provider is %s: %j', (validity, asNumbers) => {
    expect(check(false, ...asNumbers)).toBe(VALIDITY[validity]);
  });

  it('judges sets and confederations invalid, sets not as BIRD 2.17 did', () => {
    const withSet = new AsPath(Uint8Array.of(2, 1, 0, 0, 0, 10, 1, 1, 0, 0, 0, 1));
    const confederation = new AsPath(Uint8Array.of(3, 1, 0, 0, 0, 10));
    expect(aspaCheck(table, withSet, true, NEWEST)).toBe(VALIDITY.invalid);
    expect(aspaCheck(table, withSet, true, OLDER)).toBe(VALIDITY.valid);
    expect(aspaCheck(table, confederation, true, NEWEST)).toBe(VALIDITY.invalid);
  });

  it('wanted a hop down to the top of the path in BIRD 2.17', () => {
    expect(aspaCheck(table, path(11, 1), false, NEWEST)).toBe(VALIDITY.valid);
    expect(aspaCheck(table, path(11, 1), false, OLDER)).toBe(VALIDITY.invalid);
  });
});

const TABLES = `
roa4 table r4;
aspa table a;
filter no_zero { if net.asn = 0 then reject; accept; }
protocol static { roa4 { table r4; import filter no_zero; };
  route 10.0.0.0/8 max 24 as 65003; route 10.64.0.0/10 max 24 as 0; route 10.65.1.0/24 max 24 as 65004 { if net.len = 24 then reject; };
}
protocol static { aspa; route aspa 65003 providers 65002; route aspa 65002 providers 65001, 65009; route aspa 65001 transit; }
`;

describe('tables of a configuration', () => {
  /** What the filter's condition is on the sample route, whose path is 65001 65002 65003 {7 8}. */
  function holds(
    condition: string,
    before = 'bgp_path = prepend(prepend(+empty+, 65003), 65002);',
  ): boolean | string {
    const { policy, attrs, context, log } = bench(
      `${TABLES}\nfilter f { ${before} if ${condition} then accept; reject; }`,
    );
    const accepted = policy.evaluate(attrs, context()) !== 0;
    return log[0] ?? accepted;
  }

  it.each([
    ['roa_check(r4) = ROA_VALID', true],
    ['roa_check(r4, net, 65003) = ROA_VALID', true],
    ['roa_check(r4, net, 65004) = ROA_INVALID', true],
    ['roa_check(r4, 11.0.0.0/8, 65003) = ROA_UNKNOWN', true],
    ['aspa_check(a, bgp_path, true) = ASPA_VALID', true],
    ['aspa_check_upstream(a) = ASPA_VALID', true],
    ['aspa_check_downstream(a) = ASPA_VALID', true],
    ['aspa_check(a, prepend(bgp_path, 65008), true) = ASPA_INVALID', true],
  ])('%s', (condition, answer) => {
    expect(holds(condition)).toBe(answer);
  });

  it('asks nothing of a route without a path', () => {
    expect(holds('roa_check(r4) = ROA_VALID', 'unset(bgp_path);')).toBe('f: Missing AS_PATH attribute');
  });

  it('make filters differ that look into them', () => {
    const filter = '\nfilter f { if roa_check(r4) = ROA_VALID then accept; reject; }';
    const same = (a: string, b: string): boolean => new FilterComparer().same(programOf(a), programOf(b));
    expect(same(TABLES + filter, TABLES + filter)).toBe(true);
    expect(same(TABLES + filter, TABLES.replace('as 65003', 'as 65004') + filter)).toBe(false);
  });

  it.each([
    [
      'protocol static { roa4 { table nowhere; }; }',
      "syntax error, unexpected 'nowhere': Table name required",
    ],
    ['aspa table a; protocol static { roa4 { table a; }; }', 'Incompatible table type'],
    ['protocol static { roa4; }', 'Routing table not specified'],
    [
      'roa4 table r; protocol static { roa4 { table r; }; route 10.0.0.0/8; }',
      'Route 10.0.0.0/8 incompatible with channel type',
    ],
    [
      'roa4 table r; protocol static { roa4 { table r; }; route 10.0.0.0/8 max 9 as 1 providers 5; }',
      'Provider settings available only for ASPA',
    ],
    ['roa4 table r; protocol static { roa4 { table r; }; roa6 { table r; }; }', 'Different channel type'],
  ])('%s is refused', (text, message) => {
    expect(load(`router id 1.2.3.4;\n${text}\n`).errors[0]?.message).toBe(message);
  });

  it('say that their protocols are not shown', () => {
    const { config, warnings } = load(`router id 1.2.3.4;\n${TABLES}`);
    expect(config?.protocols).toEqual([]);
    expect(warnings.map(({ message }) => message)).toEqual([
      'protocol static1 is not shown among the protocols: its routes are for checks in filters',
      'protocol static2 is not shown among the protocols: its routes are for checks in filters',
    ]);
  });
});
