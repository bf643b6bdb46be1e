/** Replies of the control protocol as values. BIRD's `doc/reply_codes` is the list of codes. */

export const CODE = {
  ok: 0,
  welcome: 1,
  readingConfiguration: 2,
  reconfigured: 3,
  reconfiguring: 4,
  reconfigurationQueued: 5,
  reconfigurationIgnored: 6,
  shutdownOrdered: 7,
  alreadyDisabled: 8,
  disabled: 9,
  alreadyEnabled: 10,
  enabled: 11,
  restarted: 12,
  status: 13,
  routeCount: 14,
  reloading: 15,
  restricted: 16,
  unqueued: 17,
  confirmed: 18,
  nothingToDo: 19,
  configurationOk: 20,
  undoRequested: 21,
  undoScheduled: 22,
  evaluation: 23,
  gracefulRestart: 24,
  gracefulRestartOrdered: 25,
  version: 1000,
  interface: 1001,
  protocol: 1002,
  interfaceAddress: 1003,
  interfaceFlags: 1004,
  interfaceSummary: 1005,
  protocolDetail: 1006,
  route: 1007,
  routeDetail: 1008,
  staticRoute: 1009,
  symbol: 1010,
  uptime: 1011,
  attribute: 1012,
  memory: 1018,
  roa: 1019,
  /** Catbird's own: a JSON object, and a part of one that the next line goes on with. */
  json: 1900,
  jsonPart: 1901,
  protocolHeading: 2002,
  interfaceHeading: 2005,
  tooLong: 8000,
  routeNotFound: 8001,
  configurationError: 8002,
  noProtocolMatches: 8003,
  protocolDown: 8005,
  reloadFailed: 8006,
  accessDenied: 8007,
  evaluationFailed: 8008,
  runtimeError: 8009,
  commandTooLong: 9000,
  parseError: 9001,
  wrongSymbol: 9002,
} as const;

/** One line. The last of an answer has `last`; nothing comes after it. */
export interface Reply {
  readonly code: number;
  readonly text: string;
  readonly last: boolean;
}

/**
 * An answer's lines, made as they are asked for; undefined is a place to pause, a promise is to be waited for before the
 * next one is asked for. It must not reject.
 */
export type Answer = Iterable<Reply | Promise<void> | undefined>;

/** What a value is, or will be; the answer waits for it. */
export function* whenThere<T extends object>(value: T | Promise<T>): Generator<Promise<void>, T, void> {
  if (!(value instanceof Promise)) return value;
  let found: T | undefined;
  yield value.then((there) => {
    found = there;
  });
  return found!;
}

/** A line with more to come. */
export function more(code: number, text: string): Reply {
  return { code, text, last: false };
}

/** The last line. */
export function last(code: number, text = ''): Reply {
  return { code, text, last: true };
}

/** A command failed; the answer is its message. */
export class CommandError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}
