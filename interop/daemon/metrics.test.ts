/** Metrics and JSON of a real reflector process. */
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, ReflectorProcess } from './process.ts';

const CATBIRD = resolve(import.meta.dirname, '../../bin/catbird');

describe('a reflector with metrics', () => {
  let reflector: ReflectorProcess;
  let base: string;
  const config = (port: number): string => `router id 10.0.0.1;
protocol device {}
protocol static anchors { ipv4; route 10.9.0.0/16 blackhole; }
protocol bgp node1 { local 127.0.0.1 port ${port} as 65000; neighbor 127.0.0.2 as 65000; passive; multihop; ipv4 {}; }
`;

  beforeAll(async () => {
    const port = await freePort();
    base = `http://127.0.0.1:${port}`;
    process.env['CATBIRD_METRICS'] = String(port);
    try {
      reflector = await ReflectorProcess.start(config);
    } finally {
      delete process.env['CATBIRD_METRICS'];
    }
  });
  afterAll(() => reflector.stop());

  it('serves its own, those of the process, and its health', async () => {
    const text = await (await fetch(`${base}/metrics`)).text();
    expect(text).toMatch(/^catbird_table_routes\{table="master4",family="ipv4"\} 1$/m);
    expect(text).toMatch(/^catbird_bgp_session_up\{protocol="node1"\} 0$/m);
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
    expect((await fetch(`${base}/healthz`)).status).toBe(200);
    expect(reflector.log).toContain(`metrics at ${base}/metrics`);
  });

  it('counts configurations, good and bad', async () => {
    await reflector.configure(config(reflector.port));
    await expect(reflector.configure('nonsense;')).rejects.toThrow('8002');
    const text = await (await fetch(`${base}/metrics`)).text();
    expect(text).toContain('catbird_config_reloads_total{result="applied"} 1\n');
    expect(text).toContain('catbird_config_reloads_total{result="failed"} 1\n');
    expect(text).toContain('catbird_config_last_reload_successful 0\n');
  });

  it('answers in JSON', () => {
    const args = ['cl', '-s', reflector.socket, '--json', 'show', 'route', 'all'];
    const { status, stdout } = spawnSync(CATBIRD, args, { encoding: 'utf8' });
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      prefix: '10.9.0.0/16',
      protocol: 'anchors',
      destination: 'blackhole',
    });
  });

  it('says which address it cannot have, and ends', () => {
    const taken = base.slice('http://'.length);
    const run = (metrics: string): { status: number | null; stderr: string } =>
      spawnSync(CATBIRD, ['reflector', '-s', `${reflector.socket}2`, '--metrics', metrics], {
        encoding: 'utf8',
        timeout: 20_000,
      });
    expect(run(taken)).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('Cannot listen for metrics at') as string,
    });
    expect(run('nowhere')).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("not at 'nowhere'") as string,
    });
  });
});
