import { expect, test } from 'vitest';
import { templateSettings } from './template-options.ts';

const settings = (values: Parameters<typeof templateSettings>[0], environment: Record<string, string> = {}) =>
  templateSettings(values, (name) => environment[name]);

test('a file of its own needs no templates', () => {
  expect(settings({ config: ['bird.conf'] })).toBeUndefined();
});

test.each([
  ['nothing', {}, {}, 'tree', './etc/catbird/keys', 'builtin/reflector'],
  ["Calico's variables", {}, { ETCD_ENDPOINTS: 'http://e:2379' }, 'etcdv3', '', 'builtin/reflector'],
  ['a node', { node: ['http://e:2379'], builtin: 'client' }, {}, 'etcdv3', '', 'builtin/client'],
  ['files', { file: ['keys'] }, { ETCD_ENDPOINTS: 'http://e:2379' }, 'tree', 'keys', 'builtin/reflector'],
  ['a folder', { confdir: '/etc/confd' }, {}, 'etcdv3', '', '/etc/confd'],
  ['a folder and files', { confdir: '/etc/confd', file: ['keys'] }, {}, 'tree', 'keys', '/etc/confd'],
  [
    'a folder and the tree',
    { confdir: '/etc/confd', backend: 'tree' },
    {},
    'tree',
    './etc/catbird/keys',
    '/etc/confd',
  ],
])('%s', (_what, values, environment, backend, files, folder) => {
  const { store, confDir } = settings(values, environment as Record<string, string>)!;
  expect([store.backend, store.files.join()]).toEqual([backend, files]);
  expect(confDir.endsWith(folder)).toBe(true);
});

test.each([
  ['etcd', { node: ['http://e:2379'] }, { name: 'rr1', ttlS: 30 }],
  ['etcd and a time', { node: ['http://e:2379'], 'register-ttl': '60' }, { name: 'rr1', ttlS: 60 }],
  ['etcd and no wish', { node: ['http://e:2379'], 'no-register': true }, undefined],
  ['files', { file: ['keys'] }, undefined],
] as const)('with %s the reflector registers accordingly', (_what, values, register) => {
  const found = settings(values, { NODENAME: 'rr1' })!.register;
  expect(found && { name: found.name, ttlS: found.ttlS }).toEqual(register);
});

test.each([
  [{ 'no-register': true }, '--no-register: reflectors register in etcd alone, and the backend is tree'],
  [
    { 'register-ttl': '60', file: ['x'], backend: 'file' },
    '--register-ttl: reflectors register in etcd alone, and the backend is file',
  ],
  [
    { node: ['http://e'], 'register-ttl': '4' },
    "--register-ttl is a number of seconds from 5 to 3600, not '4'",
  ],
  [
    { node: ['http://e'], 'register-ttl': '60', 'no-register': true },
    '--register-ttl says how to register, --no-register not to',
  ],
  [
    { config: ['x'], 'no-register': true },
    'a configuration is a file (-c) or rendered from templates (--no-register), not both',
  ],
  [
    { config: ['x'], confdir: '/y' },
    'a configuration is a file (-c) or rendered from templates (--confdir), not both',
  ],
  [{ confdir: '/y', builtin: 'client' }, 'templates are those of --confdir or of --builtin, not both'],
  [{ builtin: 'x' }, "there are no built-in templates 'x': reflector and client are there"],
  [{ backend: 'file' }, 'the backend file needs --file'],
])('%j is refused', (values, why) => {
  expect(() => settings(values)).toThrow(why);
});
