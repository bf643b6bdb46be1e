/** Metrics of the process and of Node: processor time, memory, event-loop delay, garbage collection. */
import { collectDefaultMetrics, Registry } from 'prom-client';

/** Gauges with the names of counters, of which others by type say more. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** Starts measuring; returns what a scrape is to have. */
export function processMetrics(): () => Promise<string> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
  return async () => await registry.metrics();
}
