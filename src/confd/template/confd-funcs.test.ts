/** The functions of confd and of Calico's fork that the program which tests compare with does not have. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { calicoFuncs } from './calico-funcs.ts';
import type { World } from './confd-funcs.ts';
import { LookupNeeded, PURE_FUNCS, worldFuncs } from './confd-funcs.ts';
import { TemplateSet } from './exec.ts';
import { keyFuncs } from './key-funcs.ts';
import { KeyTree } from './key-tree.ts';

const KEYS = new KeyTree(
  new Map([
    ['/app/name', 'web'],
    ['/app/ports/b', '90'],
    ['/app/ports/a', '80'],
    ['/app/ports/a/x', '1'],
    ['/app-other/y', '2'],
    ['/app/upstream/10', 'ten'],
    ['/app/upstream/9', 'nine'],
    ['/top', 't'],
    ['/filters/f', JSON.stringify({ spec: { importV4: [{ action: 'Accept' }] } })],
  ]),
);

const WORLD: World = {
  wallTime: () => Date.UTC(2024, 5, 13, 15, 4, 5, 250),
  zone: () => ({ name: 'CEST', offsetMinutes: 120 }),
  environment: (name) => ({ HOME: '/root', EMPTY: '' })[name],
  fileExists: (path) => path === '/etc/passwd',
  lookupIp: (host) => {
    if (host === 'unknown') throw new LookupNeeded('ip', host);
    return host === 'host' ? ['10.0.0.2', '10.0.0.1', '2001:db8::1'] : [];
  },
  lookupService: (name) =>
    name === '_bgp._tcp.example.com' || name === 'plain'
      ? [
          { target: 'b.', port: 179, priority: 1, weight: 2 },
          { target: 'a.', port: 180, priority: 1, weight: 2 },
        ]
      : [],
};

const sha256 = (text: string): Uint8Array => createHash('sha256').update(text).digest();

function render(text: string): string {
  const set = new TemplateSet({
    ...PURE_FUNCS,
    ...worldFuncs(WORLD),
    ...keyFuncs(() => KEYS),
    ...calicoFuncs(sha256),
  });
  set.parse('t', text);
  return set.render('t', undefined);
}

const outcome = (text: string): string => {
  try {
    return render(text);
  } catch (error) {
    if (error instanceof LookupNeeded) throw error;
    return `! ${(error as Error).message.replace(/^.*?>: /, '')}`;
  }
};

describe('functions that read keys', () => {
  test.each([
    ['{{exists "/app/name"}} {{exists "/app"}} {{exists "app/name"}}', 'true false false'],
    [
      '{{get "/app/name"}} {{(get "/app/name").Key}} {{with get "/app/name"}}{{.Value}}{{end}}',
      '{/app/name web} /app/name web',
    ],
    ['{{get "/none"}}', '! error calling get: key does not exist: /none'],
    ['{{getv "/app/name"}} {{getv "/none" "d"}} {{getv "/app/name" "d"}}', 'web d web'],
    ['{{getv "/none"}}', '! error calling getv: key does not exist: /none'],
    ['{{range gets "/app/ports/*"}}{{.Key}}={{.Value}} {{end}}', '/app/ports/a=80 /app/ports/b=90 '],
    ['{{range gets "/app/*/*"}}{{base .Key}} {{end}}', 'a b 10 9 '],
    ['{{gets "/none/*"}}', '[]'],
    ['{{gets "["}}', '! error calling gets: syntax error in pattern'],
    ['{{getvs "/app/upstream/*"}}', '[nine ten]'],
    ['{{getvs "/app/*/?"}}', '[80 90 nine]'],
    ['{{ls "/app"}}', '[name ports upstream]'],
    ['{{ls "/app/"}}', '[name ports upstream]'],
    ['{{ls "/app/name"}}', '[name]'],
    ['{{ls "/app/ports/a"}}', '[a x]'],
    ['{{ls "/"}} {{ls "/none"}} {{ls "app"}}', '[top] [] []'],
    ['{{lsdir "/app"}} {{lsdir "/app/ports"}} {{lsdir "/"}}', '[ports upstream] [a] []'],
    [
      '{{range $k := lsdir "/app"}}{{$k}}:{{range ls (printf "/app/%s" $k)}}{{.}},{{end}} {{end}}',
      'ports:a,b, upstream:10,9, ',
    ],
  ])('%s', (text, expected) => {
    expect(outcome(text)).toBe(expected);
  });
});

describe('lists', () => {
  test.each([
    ['{{reverse (split "a b c" " ")}}', '[c b a]'],
    // The type of what 'gets' gives is none that confd's 'reverse' knows.
    ['{{range reverse (gets "/app/ports/*")}}{{.Key}} {{end}}', '/app/ports/a /app/ports/b '],
    ['{{sortByLength (split "ccc a bb" " ")}}', '[a bb ccc]'],
    ['{{range sortKVByLength (gets "/app*/*")}}{{.Key}} {{end}}', '/app/name /app-other/y '],
    ['{{sortByLength "a"}}', '! can\'t handle "a" for arg of type []string'],
    ['{{len (seq 1 2000000)}}', '! error calling seq: a sequence of more than 1000000 numbers'],
  ])('%s', (text, expected) => {
    expect(outcome(text)).toBe(expected);
  });
});

describe('functions that look outside', () => {
  test.each([
    ['{{getenv "HOME"}} {{getenv "NONE" "d"}} {{getenv "EMPTY" "e"}}|{{getenv "NONE"}}', '/root d e|'],
    ['{{fileExists "/etc/passwd"}} {{fileExists "/none"}}', 'true false'],
    ['{{datetime}}', '2024-06-13 17:04:05.25 +0200 CEST'],
    ['{{datetime.Format "Jan 2, 2006 at 3:04pm (MST)"}}', 'Jun 13, 2024 at 5:04pm (CEST)'],
    ['{{datetime.UTC.Hour}} {{datetime.Unix}}', '15 1718291045'],
    ['{{lookupIP "host"}} {{lookupIP "none"}}', '[10.0.0.1 10.0.0.2 2001:db8::1] []'],
    ['{{lookupIPV4 "host"}} {{lookupIPV6 "host"}}', '[10.0.0.1 10.0.0.2] [2001:db8::1]'],
    ['{{range lookupSRV "bgp" "tcp" "example.com"}}{{.Target}}{{.Port}} {{end}}', 'a.180 b.179 '],
    [
      '{{range lookupSRV "" "" "plain"}}{{.Priority}}{{.Weight}} {{end}}{{lookupSRV "x" "y" "z"}}',
      '12 12 []',
    ],
  ])('%s', (text, expected) => {
    expect(outcome(text)).toBe(expected);
  });

  test('a look-up that has to be waited for passes through', () => {
    expect(() => outcome('{{lookupIP "unknown"}}')).toThrow(LookupNeeded);
  });
});

describe("Calico's functions", () => {
  const long = 'a-name-that-is-longer-than-the-longest-symbol-which-bird-can-have-in-its-configuration';
  const digest = Buffer.from(sha256(long)).toString('hex').toUpperCase().slice(0, 16);
  test.each([
    ['{{hashToIPv4 "nodeTest"}}', '109.174.215.226'],
    // Its first byte is 239, which would be a multicast address.
    ['{{hashToIPv4 "Testrobin123"}}', '207.94.5.27'],
    ['{{bgpFilterFunctionName "f" "import" "4"}}', `'bgp_f_importFilterV4'`],
    ['{{bgpFilterFunctionName "f" "Export" "6"}}', `'bgp_f_exportFilterV6'`],
    [
      `{{bgpFilterFunctionName "${long}" "import" "4"}}`,
      `'bgp_${long.slice(0, 28)}_${digest}_importFilterV4'`,
    ],
    [
      '{{bgpFilterFunctionName "f" "both" "4"}}',
      "! error calling bgpFilterFunctionName: provided direction 'both' does not map to either 'import' or 'export'",
    ],
    ['{{bgpFilterBIRDFuncs (gets "/none/*") 4}}', '[# No v4 BGPFilters configured]'],
    [
      '{{bgpFilterBIRDFuncs (gets "/none/*") 5}}',
      '! error calling bgpFilterBIRDFuncs: version must be either 4 or 6',
    ],
    [
      '{{range bgpFilterBIRDFuncs (gets "/filters/*") 4}}{{.}};{{end}}',
      "# v4 BGPFilter f;function 'bgp_f_importFilterV4'() {;  accept;;};",
    ],
    ['{{bgpFilterBIRDFuncs (gets "/filters/*") 6}}', '[# No v6 BGPFilters configured]'],
    [
      '{{bgpFilterBIRDFuncs (gets "/app/name") 4}}',
      "! error calling bgpFilterBIRDFuncs: error unmarshalling JSON: invalid character 'w' looking for beginning of value",
    ],
  ])('%s', (text, expected) => {
    expect(outcome(text)).toBe(expected);
  });

  test.each([
    [
      { action: 'Reject', cidr: '10.0.0.0/8', matchOperator: 'In' },
      'if ((net ~ 10.0.0.0/8)) then { reject; }',
    ],
    [
      { action: 'Accept', cidr: '10.0.0.0/16', matchOperator: 'NotIn', prefixLength: { min: 8, max: 24 } },
      'if ((net !~ [ 10.0.0.0/16{16,24} ])) then { accept; }',
    ],
    [
      { action: 'Accept', cidr: '10.0.0.0/16', matchOperator: 'Equal', prefixLength: { min: 20 } },
      'if ((net = [ 10.0.0.0/16{20,32} ])) then { accept; }',
    ],
    [
      { action: 'Accept', source: 'RemotePeers', interface: 'eth0' },
      'if (((defined(source))&&(source ~ [ RTS_BGP ]))&&((defined(ifname))&&(ifname ~ "eth0"))) then { accept; }',
    ],
    [{ action: 'Drop' }, '! unexpected action found in BGPFilter: Drop'],
    [{ action: 'Accept', cidr: '10.0.0.0/8' }, '! operator not included in BGPFilter'],
    [
      { action: 'Accept', cidr: '10.0.0.0/8', matchOperator: 'Near' },
      '! unexpected operator found in BGPFilter: Near',
    ],
  ])('%j', (rule, expected) => {
    const keys = new KeyTree(new Map([['/f/x', JSON.stringify({ spec: { exportV4: [rule] } })]]));
    const set = new TemplateSet({ ...keyFuncs(() => keys), ...calicoFuncs(sha256) });
    set.parse('t', '{{index (bgpFilterBIRDFuncs (gets "/f/*") 4) 2}}');
    let text: string;
    try {
      text = set.render('t', undefined).trim();
    } catch (error) {
      text = (error as Error).message.replace(/^.*bgpFilterBIRDFuncs: /, '! ');
    }
    expect(text).toBe(expected);
  });
});
