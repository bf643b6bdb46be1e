import { describe, expect, test } from 'vitest';
import { etcdSettings } from './etcd-options.ts';
import { confdOptions, parseConfigFile, parseFlags, UsageError } from './options.ts';
import { keysOf } from './render.ts';
import { parseResource } from './resource.ts';

const NONE = { prefix: '', nodeName: undefined };
const parse = (
  text: string,
  options: Partial<typeof NONE> | { nodeName: string } = {},
): ReturnType<typeof parseResource> => parseResource('r.toml', text, { ...NONE, ...options });

describe('template resources', () => {
  test('all that one can say', () => {
    const { resource, warnings } = parse(`
      [template]
      src = "a.tmpl"
      dest = "/etc/a.conf"
      prefix = "p"
      keys = ["/x", "y/"]
      mode = "0640"
      uid = 5
      gid = 6
      check_cmd = "check {{.src}}"
      reload_cmd = "reload"
      colour = "red"
    `);
    expect(resource).toEqual({
      path: 'r.toml',
      src: 'a.tmpl',
      dest: '/etc/a.conf',
      prefix: '/p',
      paths: ['/p/x', '/p/y'],
      mode: 0o640,
      uid: 5,
      gid: 6,
      checkCommand: 'check {{.src}}',
      reloadCommand: 'reload',
    });
    expect(warnings).toEqual(['r.toml: colour means nothing in a template resource']);
  });

  test('what is not said', () => {
    const { resource } = parse('[template]\nSrc = "a"\nDEST = "/b"\n');
    expect(resource).toMatchObject({
      prefix: '/',
      paths: [],
      mode: undefined,
      uid: undefined,
      gid: undefined,
      checkCommand: '',
    });
  });

  test("the command line's prefix goes first, and a node's name has its place", () => {
    const text = '[template]\nsrc="a"\ndest="/b"\nprefix="/calico//NODENAME"\nkeys=["/k"]';
    expect(parse(text, { nodeName: 'n1' }).resource.paths).toEqual(['/calico/n1/k']);
    expect(parse(text, { prefix: '/other' }).resource.paths).toEqual(['/other/k']);
    const inKey = '[template]\nsrc="a"\ndest="/b"\nprefix="/c"\nkeys=["/host//NODENAME/block", "/all"]';
    expect(parse(inKey, { nodeName: 'n$&' }).resource.paths).toEqual(['/c/host/n$&/block', '/c/all']);
    expect(parse(inKey, {}).resource.paths).toEqual(['/c/host/NODENAME/block', '/c/all']);
  });

  test.each([
    ['src = ', /Cannot process template resource r\.toml - .*/],
    ['[other]', /there is no \[template\] table/],
    ['[template]\ndest = "/b"', /empty src template/],
    ['[template]\nsrc = "a"', /empty dest/],
    ['[template]\nsrc = 1\ndest = "/b"', /src is to be a string/],
    ['[template]\nsrc = "a"\ndest = "/b"\nkeys = "/x"', /keys is to be an array of strings/],
    ['[template]\nsrc = "a"\ndest = "/b"\nuid = "root"', /uid is to be a whole number/],
    ['[template]\nsrc = "a"\ndest = "/b"\nmode = "rw"', /mode is to be a string like "0644", not "rw"/],
  ])('%j is refused', (text, message) => {
    expect(() => parse(text)).toThrow(message);
  });

  test('the template sees keys without the prefix, and only those of the resource', () => {
    const { resource } = parse('[template]\nsrc="a"\ndest="/b"\nprefix="/p"\nkeys=["/x", "/y/z"]');
    const entries = new Map(
      ['/p/x', '/p/x/1', '/p/xx', '/p/y', '/p/y/z', '/q'].map((key) => [key, { value: key, revision: 1n }]),
    );
    const keys = keysOf(resource, { revision: 1n, entries });
    expect([...keys.withPrefix('/')]).toEqual(['/x', '/x/1', '/y/z']);
  });
});

describe('flags', () => {
  const options = (
    args: string[],
    file = '',
    environment: Record<string, string> = {},
  ): ReturnType<typeof confdOptions> =>
    confdOptions(parseFlags(args), parseConfigFile('confd.toml', file), (name) => environment[name]);

  test('with one dash or two, with = or without', () => {
    expect(
      options([
        '-onetime',
        '--noop=true',
        '-watch=false',
        '-node',
        'http://a:1',
        '--node=http://b:2',
        '-interval=5',
        '-prefix',
        '/p',
      ]),
    ).toMatchObject({
      backend: 'etcdv3',
      nodes: ['http://a:1', 'http://b:2'],
      oneTime: true,
      noop: true,
      watch: false,
      interval: 5,
      prefix: '/p',
      confDir: '/etc/confd',
      logLevel: 'info',
    });
  });

  test('flags weigh more than the file, the file more than the environment', () => {
    const file =
      'confdir = "/file"\nlog-level = "debug"\nclient_cakeys = "/file.pem"\nnodes = ["http://f:1"]\nbackend = "etcdv3"\nscheme = ""';
    const environment = { CONFD_CLIENT_CAKEYS: '/env.pem', CONFD_CLIENT_CERT: '/cert.pem' };
    expect(options(['-confdir', '/flag'], file, environment)).toMatchObject({
      confDir: '/flag',
      logLevel: 'debug',
      caFile: '/file.pem',
      certFile: '/cert.pem',
      nodes: ['http://f:1'],
    });
  });

  test('the backend etcd is taken for etcd v3, with a word', () => {
    const { backend, warnings } = options(['-backend', 'etcd']);
    expect(backend).toBe('etcdv3');
    expect(warnings).toEqual(["the backend etcd is read with etcd's v3 API: its v2 API is not supported"]);
  });

  test.each([
    [['-nope'], 'flag provided but not defined: -nope'],
    [['stray'], "'stray' is no flag"],
    [['-node'], 'flag needs an argument: -node'],
    [['-noop=maybe'], 'invalid boolean value "maybe" for -noop'],
    [['-interval', 'x'], 'invalid value "x" for flag -interval: not a whole number'],
    [['-client-insecure'], '-client-insecure is not supported: certificates are always verified'],
    [['-role-id', 'x'], '-role-id is not supported: there is no backend vault'],
  ])('%j', (args, message) => {
    expect(() => parseFlags(args)).toThrow(UsageError);
    expect(() => parseFlags(args)).toThrow(message);
  });

  test.each([
    [['-backend', 'consul'], "there is no backend 'consul'"],
    [['-backend', 'tree'], 'the backend tree needs -file'],
    [['-file', 'x'], '-file is of the backends tree and file, not of etcdv3'],
    [['-backend', 'env', '-node', 'x'], '-node is of the backend etcdv3, not of env'],
    [['-log-level', 'loud'], 'not a valid level: "loud"'],
    [['-basic-auth', '-username', 'u'], '-basic-auth needs -username and -password'],
  ])('%j makes no sense', (args, message) => {
    expect(() => options(args)).toThrow(message);
  });

  test.each([
    ['nodes = "x"', 'confd.toml: nodes is to be an array of strings'],
    ['interval = "5"', 'confd.toml: interval is to be a whole number'],
    ['watch = "yes"', 'confd.toml: watch is to be a boolean'],
    ['srv_domain = "x"', 'confd.toml: srv_domain is not supported'],
    ['nonsense = 1', 'confd.toml: nonsense means nothing here'],
    ['= 1', 'confd.toml: '],
  ])('the file %j', (file, message) => {
    expect(() => options([], file)).toThrow(message);
  });
});

describe('how etcd is reached', () => {
  const from = (environment: Record<string, string>, nodes: string[] = []): ReturnType<typeof etcdSettings> =>
    etcdSettings({ nodes }, (name) => environment[name]);

  test.each([
    [{}, [], ['http://127.0.0.1:2379']],
    [{}, ['10.0.0.1', 'http://h:1/'], ['http://10.0.0.1:2379', 'http://h:1']],
    [{ ETCD_ENDPOINTS: 'https://a:1, https://b:2' }, [], ['https://a:1', 'https://b:2']],
    [{ ETCD_AUTHORITY: 'a:1', ETCD_SCHEME: 'https' }, [], ['https://a:1']],
    [{ ETCD_ENDPOINTS: 'http://a:1' }, ['c:3'], ['http://c:3']],
    [{ ETCD_CA_CERT_FILE: '/ca' }, ['a:1'], ['https://a:1']],
  ])('%j and %j', (environment, nodes, endpoints) => {
    expect(from(environment as Record<string, string>, nodes).endpoints).toEqual(endpoints);
  });

  test("Calico's variables for certificates and users", () => {
    expect(
      from({
        ETCD_CA_CERT_FILE: '/ca',
        ETCD_CERT_FILE: '/c',
        ETCD_KEY_FILE: '/k',
        ETCD_USERNAME: 'u',
        ETCD_PASSWORD: 'p',
      }),
    ).toMatchObject({ caFile: '/ca', certFile: '/c', keyFile: '/k', username: 'u', password: 'p' });
  });

  test.each([
    [{ ETCD_CERT_FILE: '/c' }, [], 'needs both its certificate file and its key file'],
    [{ ETCD_USERNAME: 'u' }, [], "etcd's user u has no password"],
    [{ ETCD_DISCOVERY_SRV: 'x' }, [], 'ETCD_DISCOVERY_SRV is not supported'],
    [{ ETCD_KEY: 'PEM' }, [], 'ETCD_KEY is not supported'],
    [{}, ['http://a:1', 'https://b:1'], "some of etcd's endpoints are http and some https"],
    [{}, ['a b'], "'a b' is no endpoint of etcd"],
  ])('%j and %j make no sense', (environment, nodes, message) => {
    expect(() => from(environment as Record<string, string>, nodes)).toThrow(message);
  });
});
