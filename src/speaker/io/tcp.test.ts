import { describe, expect } from 'vitest';
import { parseIp } from '../../base/ip.ts';
import { transportContract } from '../transport.contract.ts';
import { TcpNetwork } from './tcp.ts';

const DEADLINE_MS = 10_000;

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + DEADLINE_MS;
  while (!condition()) {
    if (performance.now() > end) expect.fail('Condition does not come true');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100));
}

describe.each(['127.0.0.1', '::1'])('the transport contract on TCP over %s', (text) => {
  const address = parseIp(text)!;
  const network = new TcpNetwork();
  transportContract(() => ({
    client: network,
    server: network,
    address,
    refused: { address, port: 1 },
    foreign: parseIp(text === '::1' ? '2001:db8::1' : '192.0.2.1')!,
    until,
    rest,
  }));
});
