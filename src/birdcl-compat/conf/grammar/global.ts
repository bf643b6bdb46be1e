/** Options outside protocols. */
import type { Expression } from '../../filter/ast.ts';
import {
  bool,
  debugFlags,
  flags,
  identifier,
  number,
  parseAtomExpression,
  prefix,
  startsAtomExpression,
  text,
  time,
} from '../arguments.ts';
import type { ArgumentKind } from '../arguments.ts';
import { numberOf, textOf } from '../constants.ts';
import type { Cursor } from '../cursor.ts';
import { TOKEN } from '../lexer.ts';
import { LOG_CLASSES, TIME_FORMAT_USES } from '../lowered.ts';
import type { DebugFlags, LogClass, LogTarget, TimeFormat, TimeFormatUse } from '../lowered.ts';
import type { Prefix } from '../../filter/values.ts';
import { option, refused, RuleTable } from '../rules.ts';
import { CHANNEL_DEBUG } from './channel.ts';
import { warnOfFlags } from './protocol.ts';

/** One item of `router id from`: addresses of which interfaces, or in which network, may be the router ID. */
export interface InterfacePattern {
  readonly negative: boolean;
  /** A shell pattern over interface names. */
  readonly pattern?: string;
  readonly prefix?: Prefix;
}

export interface GlobalDraft {
  routerId: number | undefined;
  routerIdFrom: InterfacePattern[];
  hostname: string | undefined;
  log: LogTarget[];
  debugProtocols: DebugFlags;
  debugCommands: number;
  timeFormats: Partial<Record<TimeFormatUse, TimeFormat>>;
  gracefulRestartWaitS: number;
  watchdogWarningMs: number;
}

export function newGlobals(): GlobalDraft {
  return {
    routerId: undefined,
    routerIdFrom: [],
    hostname: undefined,
    log: [],
    debugProtocols: new Set(),
    debugCommands: 0,
    timeFormats: {},
    gracefulRestartWaitS: 240,
    watchdogWarningMs: 5000,
  };
}

const interfacePatterns: ArgumentKind<
  { negative: boolean; pattern?: Expression; prefix?: Expression }[],
  InterfacePattern[]
> = {
  parse(cursor: Cursor) {
    const list: { negative: boolean; pattern?: Expression; prefix?: Expression }[] = [];
    do {
      const negative = cursor.accept('-');
      if (cursor.isAddress()) list.push({ negative, prefix: prefix.parse(cursor) });
      else {
        const pattern = text.parse(cursor);
        list.push(
          cursor.isAddress() ? { negative, pattern, prefix: prefix.parse(cursor) } : { negative, pattern },
        );
      }
    } while (cursor.accept(','));
    return list;
  },
  evaluate: (node, scope) =>
    node.map((item) => ({
      negative: item.negative,
      ...(item.pattern && { pattern: textOf(item.pattern, scope) }),
      ...(item.prefix && { prefix: prefix.evaluate(item.prefix, scope) }),
    })),
};

interface LogNode {
  readonly kind: 'stderr' | 'syslog' | 'file';
  /** Syslog name or file path. */
  readonly text?: Expression;
  readonly limit?: Expression;
  readonly backup?: Expression;
  readonly classes: LogClass[];
}

const logClasses = flags(LOG_CLASSES, false);

/** `stderr | syslog [name "…"] | "file" [limit "backup"]`, then the classes. */
const log: ArgumentKind<LogNode, LogTarget> = {
  parse(cursor: Cursor) {
    if (cursor.acceptWord('stderr')) return { kind: 'stderr', classes: logClasses.parse(cursor) };
    if (cursor.acceptWord('syslog')) {
      const name = cursor.acceptWord('name') ? text.parse(cursor) : undefined;
      return { kind: 'syslog', ...(name && { text: name }), classes: logClasses.parse(cursor) };
    }
    if (cursor.isWord('udp')) {
      cursor.fail("'log udp' is not built yet", "log to 'syslog', and let the local daemon forward it");
    }
    if (cursor.kind !== TOKEN.text && cursor.kind !== TOKEN.quotedWord && cursor.kind !== TOKEN.word) {
      cursor.unexpected("'stderr', 'syslog' or a file name", ['stderr', 'syslog']);
    }
    const path = text.parse(cursor);
    const limited = startsAtomExpression(cursor) && !cursor.isWord('all');
    if (!limited) return { kind: 'file', text: path, classes: logClasses.parse(cursor) };
    const limit = parseAtomExpression(cursor);
    const backup = text.parse(cursor);
    return { kind: 'file', text: path, limit, backup, classes: logClasses.parse(cursor) };
  },
  evaluate(node, scope) {
    const classes = new Set(node.classes);
    switch (node.kind) {
      case 'stderr':
        return { classes, to: { kind: 'stderr' } };
      case 'syslog':
        return { classes, to: { kind: 'syslog', ...(node.text && { name: textOf(node.text, scope) }) } };
      case 'file':
        return {
          classes,
          to: {
            kind: 'file',
            path: textOf(node.text!, scope),
            ...(node.limit && { limitBytes: numberOf(node.limit, scope) }),
            ...(node.backup && { backup: textOf(node.backup, scope) }),
          },
        };
    }
  },
};

/** BIRD's named formats. */
const ISO_FORMATS: Readonly<Record<string, TimeFormat>> = {
  'short s': { recent: '%T', old: '%F', limitS: 20 * 3600 },
  'short ms': { recent: '%T.%3f', old: '%F', limitS: 20 * 3600 },
  'short us': { recent: '%T.%6f', old: '%F', limitS: 20 * 3600 },
  'long s': { recent: '%F %T' },
  'long ms': { recent: '%F %T.%3f' },
  'long us': { recent: '%F %T.%6f' },
};

interface TimeFormatNode {
  readonly use: TimeFormatUse;
  readonly named?: TimeFormat;
  readonly recent?: string;
  readonly limit?: Expression;
  readonly old?: string;
}

const timeFormat: ArgumentKind<TimeFormatNode, readonly [TimeFormatUse, TimeFormat]> = {
  parse(cursor: Cursor) {
    const use = TIME_FORMAT_USES.find((word) => cursor.isWord(word));
    if (use === undefined) cursor.unexpected("'base', 'log', 'protocol' or 'route'", TIME_FORMAT_USES);
    cursor.at++;
    if (cursor.acceptWord('iso')) {
      const length = ['short', 'long'].find((word) => cursor.acceptWord(word));
      if (length === undefined) cursor.unexpected("'short' or 'long'", ['short', 'long']);
      const unit = ['ms', 'us'].find((word) => cursor.acceptWord(word)) ?? 's';
      return { use, named: ISO_FORMATS[`${length} ${unit}`]! };
    }
    const recent = cursor.string('a time format');
    if (cursor.isPunctuation(';')) return { use, recent };
    return { use, recent, limit: parseAtomExpression(cursor), old: cursor.string('a time format') };
  },
  evaluate({ use, named, recent, limit, old }, scope) {
    if (named) return [use, named];
    const format = { recent: recent! };
    return [use, limit ? { ...format, limitS: numberOf(limit, scope), old: old! } : format];
  },
};

const mrtFlags = flags(['states', 'messages'] as const, true);
const NO_MRT = 'Catbird writes no MRT dumps yet';

export const globals = new RuleTable<GlobalDraft>([
  option('router id', identifier, (draft, value) => (draft.routerId = value)),
  option('router id from', interfacePatterns, (draft, value) => (draft.routerIdFrom = value)),
  option('hostname', text, (draft, value) => (draft.hostname = value)),
  option('log', log, (draft, value) => {
    draft.log.push(value);
  }),
  option('debug protocols', debugFlags, (draft, value, context, at) => {
    draft.debugProtocols = value;
    warnOfFlags(value, context, at);
  }),
  option('debug channels', debugFlags, (_draft, value, context, at) => {
    if (value.size > 0) context.warn(at, CHANNEL_DEBUG);
  }),
  option('debug commands', number, (draft, value) => (draft.debugCommands = value)),
  refused(
    'debug latency',
    bool,
    "use 'watchdog warning'; Catbird measures what holds its loop",
    (value) => !value,
  ),
  refused('debug latency limit', time, "use 'watchdog warning'"),
  option('timeformat', timeFormat, (draft, [use, format]) => (draft.timeFormats[use] = format)),
  option('graceful restart wait', number, (draft, value) => (draft.gracefulRestartWaitS = value)),
  option('watchdog warning', time, (draft, value) => (draft.watchdogWarningMs = value)),
  refused(
    'watchdog timeout',
    time,
    "let the supervisor restart a process that hangs; 'watchdog warning' logs what holds the loop",
    (value) => value === 0,
  ),
  refused('mrtdump protocols', mrtFlags, NO_MRT, (value) => value.size === 0),
  refused('mrtdump', text, NO_MRT),
]);
