/** Metrics of the process and of Node: processor time, memory, event-loop delay, garbage collection. */
import { collectDefaultMetrics, Registry } from 'prom-client';

/** Starts measuring; returns what a scrape is to have. */
export function processMetrics(): () => Promise<string> {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return async () => await registry.metrics();
}
