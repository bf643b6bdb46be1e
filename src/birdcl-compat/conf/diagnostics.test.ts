import { describe, expect, it } from 'vitest';
import { formatDiagnostic, oneLine } from './diagnostics.ts';
import { load } from './test-support.ts';

describe('errors of a configuration', () => {
  const session = (options: string): string =>
    `router id 10.0.0.1;\nprotocol bgp a { local as 65000; neighbor 10.0.0.2 as 65000; ${options} ipv4 {}; }`;

  it.each([
    'password "s3cret" oops;',
    'password "s3cret" "s3cret";',
    'password "s3cret;',
    'pasword "s3cret";',
    'authentication ao; keys { key { id 1; secret "s3cret"; oops; }; };',
  ])('do not show secrets: %s', (options) => {
    const { errors } = load(session(options));
    expect(errors).not.toEqual([]);
    for (const error of errors) {
      expect(`${oneLine(error)}\n${formatDiagnostic(error)}`).not.toContain('s3cret');
    }
  });

  it('point at the place all the same', () => {
    const [error] = load(session('password "s3cret" oops;')).errors;
    const [, line, caret] = formatDiagnostic(error!).split('\n');
    expect(line).toContain('password ******** oops;');
    expect(caret!.indexOf('^')).toBe(line!.indexOf('oops'));
  });
});
