import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadFile } from '../conf/load.ts';
import { oneLine } from '../conf/diagnostics.ts';
import { configFiles, hostFacts } from './config-files.ts';

describe('configuration files on disk', () => {
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'catbird-conf-'));
    mkdirSync(join(directory, 'conf.d'));
    mkdirSync(join(directory, 'conf.d', 'c.conf'));
    writeFileSync(join(directory, 'conf.d', 'b.conf'), 'router id A;\n');
    writeFileSync(join(directory, 'conf.d', 'a.conf'), 'define A = 192.0.2.3;\n');
    writeFileSync(join(directory, 'bird.conf'), 'include "conf.d/*.conf";\nprotocol device {}\n');
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('are included by pattern, sorted, directories left out', () => {
    const result = loadFile(join(directory, 'bird.conf'), configFiles, hostFacts());
    expect(result.errors).toEqual([]);
    expect(result.config!.routerId).toBe(0xc0000203);
  });

  it('may be none, but not where there is no directory', () => {
    const path = join(directory, 'patterns.conf');
    writeFileSync(path, 'include "conf.d/*.none";\ninclude "none.d/*.conf";\nprotocol device {}\n');
    const { errors } = loadFile(path, configFiles, hostFacts());
    expect(errors.map(oneLine)).toEqual([
      `${path}:2:10 Unable to match pattern ${directory}/none.d/*.conf: No such file or directory`,
    ]);
  });

  it('that do not exist are named with the reason', () => {
    const path = join(directory, 'none.conf');
    const [error] = loadFile(path, configFiles, hostFacts()).errors;
    expect(oneLine(error!)).toBe(
      `${path}:0:0 Unable to open configuration file ${path}: No such file or directory`,
    );
  });
});

describe('the host', () => {
  it('has the loopback address', () => {
    expect(hostFacts().interfaces).toContainEqual({
      name: 'lo',
      address: { version: 4, words: [0x7f000001] },
    });
  });
});
