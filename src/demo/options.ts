/** The options of `npm run demo`. */
import { MOST_CLIENTS } from './fabric.ts';

export const DEMO_HELP = `Usage: npm run demo -- [--clients N] [--seconds N] [--no-dashboard] [--no-color]

Runs a small fabric on loopback addresses: two reflectors and 50 clients with made-up routes, some of which come and go,
and shows the dashboard on it. Ends with q or Ctrl-C and leaves nothing behind.
  --clients N      how many clients, up to ${MOST_CLIENTS} (default 50)
  --seconds N      end by itself
  --no-dashboard   say where the control sockets are, for 'catbird top', 'catbird cl' and birdc; print the sessions at
                   the end. Also where there is no terminal to draw on
  --no-color       no colours
  -h, --help       this text
`;

export interface DemoArguments {
  readonly clients?: string | undefined;
  readonly seconds?: string | undefined;
  readonly 'no-dashboard'?: boolean | undefined;
  readonly 'no-color'?: boolean | undefined;
}

export interface DemoOptions {
  readonly clients: number;
  /** Undefined: until somebody ends it. */
  readonly seconds: number | undefined;
  readonly dashboard: boolean;
  readonly colour: boolean;
}

/** Throws an error for people where an option is wrong. */
export function demoOptions(values: DemoArguments): DemoOptions {
  return {
    clients: whole('--clients', values.clients ?? '50', MOST_CLIENTS),
    seconds: values.seconds === undefined ? undefined : whole('--seconds', values.seconds, 1_000_000),
    dashboard: !(values['no-dashboard'] ?? false),
    colour: !(values['no-color'] ?? false),
  };
}

function whole(option: string, text: string, most: number): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (value < 1 || value > most)
    throw new Error(`${option} takes a whole number from 1 to ${most}, not '${text}'`);
  return value;
}
