/** The demo's network on paper. */
import { describe, expect, it } from 'vitest';
import { load } from '../birdcl-compat/conf/test-support.ts';
import { demoClients, MOST_CLIENTS, reflectorConfig } from './fabric.ts';
import { demoOptions } from './options.ts';

describe('the fabric', () => {
  it.each([0, 1] as const)(
    'has a configuration for reflector %i that is right and has everybody',
    (index) => {
      const clients = demoClients(50);
      const { config, errors } = load(reflectorConfig(index, 1790, clients, '/tmp/x.log'));
      expect(errors).toEqual([]);
      const names = config!.protocols.map(({ name }) => name);
      expect(names).toEqual([index === 0 ? 'rr2' : 'rr1', ...clients.map(({ name }) => name)]);
    },
  );

  it('has clients with names, addresses and networks of their own, some of which come and go', () => {
    const clients = demoClients(MOST_CLIENTS);
    expect(new Set(clients.map(({ name }) => name)).size).toBe(MOST_CLIENTS);
    expect(new Set(clients.map(({ address }) => address)).size).toBe(MOST_CLIENTS);
    for (const [i, client] of clients.entries()) {
      expect(client.address).toMatch(/^127\.77\.[1-9]\d*\.([1-9]\d?|1\d\d|2[0-4]\d|250)$/);
      const next = clients[i + 1];
      if (next) expect(next.firstNetwork).toBe(client.firstNetwork + client.routes);
    }
    const some = demoClients(50).map(({ behaviour }) => behaviour);
    for (const behaviour of ['steady', 'routes', 'session']) expect(some).toContain(behaviour);
  });
});

describe('options', () => {
  it('have defaults', () => {
    expect(demoOptions({})).toEqual({ clients: 50, seconds: undefined, dashboard: true, colour: true });
    expect(demoOptions({ clients: '3', seconds: '4', 'no-dashboard': true, 'no-color': true })).toEqual({
      clients: 3,
      seconds: 4,
      dashboard: false,
      colour: false,
    });
  });

  it.each([
    [{ clients: '0' }, "--clients takes a whole number from 1 to 2000, not '0'"],
    [{ clients: 'many' }, "--clients takes a whole number from 1 to 2000, not 'many'"],
    [{ seconds: '-1' }, "--seconds takes a whole number from 1 to 1000000, not '-1'"],
  ])('%o are refused', (values, text) => {
    expect(() => demoOptions(values)).toThrow(text);
  });
});
