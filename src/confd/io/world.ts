/** What templates ask about this machine. */
import { createHash } from 'node:crypto';
import { lookup, resolveSrv } from 'node:dns/promises';
import { existsSync } from 'node:fs';
import type { RenderWorld } from '../render.ts';
import { encodeText } from '../template/text.ts';

export const systemWorld: RenderWorld = {
  wallTime: () => Date.now(),
  zone: (wallTimeMs) => {
    const date = new Date(wallTimeMs);
    const offsetMinutes = -date.getTimezoneOffset();
    return { name: zoneName(date, offsetMinutes), offsetMinutes };
  },
  environment: (name) => process.env[name],
  fileExists: (path) => existsSync(path),
  sha256: (text) => createHash('sha256').update(encodeText(text)).digest(),
  resolveIp: async (host) => {
    try {
      return [...new Set((await lookup(host, { all: true })).map(({ address }) => address))];
    } catch {
      return [];
    }
  },
  resolveService: async (name) => {
    try {
      const records = await resolveSrv(name);
      return records.map(({ name: target, port, priority, weight }) => {
        return { target: target.endsWith('.') ? target : `${target}.`, port, priority, weight };
      });
    } catch {
      return [];
    }
  },
};

/** `UTC` or `CET` where there is such a name, else digits as Go writes them then. */
function zoneName(date: Date, offsetMinutes: number): string {
  if (offsetMinutes === 0) return 'UTC';
  const parts = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' }).formatToParts(date);
  const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
  if (/^[A-Z]{3,5}$/.test(name)) return name;
  const size = Math.abs(offsetMinutes);
  const minutes = size % 60 === 0 ? '' : String(size % 60).padStart(2, '0');
  return (offsetMinutes < 0 ? '-' : '+') + String(Math.floor(size / 60)).padStart(2, '0') + minutes;
}
