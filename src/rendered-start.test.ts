import { expect, test } from 'vitest';
import { templateSettings } from './rendered-start.ts';

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
