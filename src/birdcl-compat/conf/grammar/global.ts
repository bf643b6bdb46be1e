/** Options outside protocols. */
import type { Expression } from '../../filter/ast.ts';
import type { IpAddress } from '../../../base/ip.ts';
import {
  address,
  bool,
  bounded,
  debugFlags,
  flags,
  identifier,
  mrtdumpFlags,
  number,
  parseAtomExpression,
  startsAtomExpression,
  text,
  time,
} from '../arguments.ts';
import type { ArgumentKind } from '../arguments.ts';
import { addressOf, constant, numberOf, textOf } from '../constants.ts';
import type { Cursor } from '../cursor.ts';
import { ConfError } from '../diagnostics.ts';
import { TOKEN } from '../lexer.ts';
import { LOG_CLASSES, TIME_FORMAT_USES } from '../lowered.ts';
import type {
  CliSocketConfig,
  DebugFlags,
  LogClass,
  LogTarget,
  MrtdumpFlags,
  TimeFormat,
  TimeFormatUse,
  InterfacePattern,
} from '../lowered.ts';
import { accepted, noticed, option, RuleTable } from '../rules.ts';
import type { OptionNode, Rule } from '../rules.ts';
import { CHANNEL_DEBUG } from './channel.ts';
import { interfacePatterns } from './interfaces.ts';
import { warnOfFlags } from './protocol.ts';

export interface GlobalDraft {
  routerId: number | undefined;
  routerIdFrom: InterfacePattern[];
  hostname: string | undefined;
  /** `listen bgp` of BIRD 1.6. */
  listen: { address?: IpAddress; port?: number };
  log: LogTarget[];
  debugProtocols: DebugFlags;
  debugCommands: number;
  mrtdumpProtocols: MrtdumpFlags;
  mrtdumpFile: string | undefined;
  timeFormats: Partial<Record<TimeFormatUse, TimeFormat>>;
  gracefulRestartWaitS: number;
  watchdogWarningMs: number;
  /** Control sockets besides those of the command line. */
  cli: CliSocketConfig[];
}

export function newGlobals(): GlobalDraft {
  return {
    routerId: undefined,
    routerIdFrom: [],
    hostname: undefined,
    listen: {},
    log: [],
    debugProtocols: new Set(),
    debugCommands: 0,
    mrtdumpProtocols: new Set(),
    mrtdumpFile: undefined,
    timeFormats: {},
    gracefulRestartWaitS: 240,
    watchdogWarningMs: 5000,
    cli: [],
  };
}

interface LogNode {
  readonly kind: 'stderr' | 'syslog' | 'file' | 'udp' | 'fixed';
  /** Token of the kind. */
  readonly at: number;
  /** Syslog name or file path. */
  readonly text?: Expression;
  readonly limit?: Expression;
  readonly backup?: Expression;
  readonly classes: LogClass[];
}

const logClasses = flags(LOG_CLASSES, false);

/** `stderr | syslog [name "…"] | "file" [limit "backup"]`, then the classes. */
const log: ArgumentKind<LogNode, LogTarget | { refused: string; hint: string }> = {
  parse(cursor: Cursor) {
    const { at } = cursor;
    if (cursor.acceptWord('stderr')) return { kind: 'stderr', at, classes: logClasses.parse(cursor) };
    if (cursor.acceptWord('syslog')) {
      const name = cursor.acceptWord('name') ? text.parse(cursor) : undefined;
      return { kind: 'syslog', at, ...(name && { text: name }), classes: logClasses.parse(cursor) };
    }
    if (cursor.dialect.version === 2 && cursor.acceptWord('udp')) {
      const host = cursor.isAddress() ? address.parse(cursor) : text.parse(cursor);
      const limit = cursor.acceptWord('port') ? parseAtomExpression(cursor) : undefined;
      return { kind: 'udp', at, text: host, ...(limit && { limit }), classes: logClasses.parse(cursor) };
    }
    if (cursor.dialect.version === 2 && cursor.acceptWord('fixed')) {
      const path = text.parse(cursor);
      const limit = parseAtomExpression(cursor);
      return { kind: 'fixed', at, text: path, limit, classes: logClasses.parse(cursor) };
    }
    if (cursor.kind !== TOKEN.text && cursor.kind !== TOKEN.quotedWord && cursor.kind !== TOKEN.word) {
      cursor.unexpected("'stderr', 'syslog' or a file name", ['stderr', 'syslog']);
    }
    const path = text.parse(cursor);
    const limited = cursor.dialect.version === 2 && startsAtomExpression(cursor) && !cursor.isWord('all');
    if (!limited) return { kind: 'file', at, text: path, classes: logClasses.parse(cursor) };
    const limit = parseAtomExpression(cursor);
    const backup = text.parse(cursor);
    return { kind: 'file', at, text: path, limit, backup, classes: logClasses.parse(cursor) };
  },
  evaluate(node, scope) {
    const classes = new Set(node.classes);
    switch (node.kind) {
      case 'stderr':
        return { classes, to: { kind: 'stderr' } };
      case 'syslog':
        return { classes, to: { kind: 'syslog', ...(node.text && { name: textOf(node.text, scope) }) } };
      case 'udp': {
        const { type } = constant(node.text!, scope);
        if (type !== 'ip' && type !== 'string') {
          throw new ConfError(node.text!.at, 'String or IP address expected');
        }
        if (node.limit) udpPort.evaluate(node.limit, scope);
        return {
          refused: "'log udp' is not built yet",
          hint: "log to 'syslog', and let the local daemon forward it",
        };
      }
      case 'fixed':
        textOf(node.text!, scope);
        numberOf(node.limit!, scope);
        return {
          refused: "'log fixed' is not built yet",
          hint: 'give a file with a limit and the name of a backup',
        };
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

const udpPort = bounded(0, 65_535, 'Value out of range (0-65535)');

/** BIRD's named formats. */
const ISO_FORMATS: Readonly<Record<string, TimeFormat>> = {
  'short s': { recent: '%T', old: '%F', limitS: 20 * 3600 },
  'short ms': { recent: '%T.%3f', old: '%F', limitS: 20 * 3600 },
  'short us': { recent: '%T.%6f', old: '%F', limitS: 20 * 3600 },
  'long s': { recent: '%F %T' },
  'long ms': { recent: '%F %T.%3f' },
  'long us': { recent: '%F %T.%6f' },
};

/** Those of BIRD before 1.4; the short one writes the day where the time is older. */
const OLD_FORMATS: Readonly<Record<'short' | 'long', TimeFormat>> = {
  short: { recent: '%T', old: '%d-%m-%Y', limitS: 20 * 3600 },
  long: { recent: '%d-%m-%Y %T' },
};

interface TimeFormatNode {
  readonly use: TimeFormatUse;
  readonly named?: TimeFormat;
  readonly recent?: Expression;
  readonly limit?: Expression;
  readonly old?: Expression;
}

const timeFormat: ArgumentKind<TimeFormatNode, readonly [TimeFormatUse, TimeFormat]> = {
  parse(cursor: Cursor) {
    const use = TIME_FORMAT_USES.find((word) => cursor.isWord(word));
    if (use === undefined) cursor.unexpected("'base', 'log', 'protocol' or 'route'", TIME_FORMAT_USES);
    cursor.at++;
    if (cursor.acceptWord('iso')) {
      const length = ['short', 'long'].find((word) => cursor.acceptWord(word));
      if (length === undefined) cursor.unexpected("'short' or 'long'", ['short', 'long']);
      const units = cursor.dialect.version === 1 ? [] : ['ms', 'us'];
      const unit = units.find((word) => cursor.acceptWord(word)) ?? 's';
      return { use, named: ISO_FORMATS[`${length} ${unit}`]! };
    }
    if (cursor.dialect.version === 1 && cursor.acceptWord('old')) {
      const length = (['short', 'long'] as const).find((word) => cursor.acceptWord(word));
      if (length === undefined) cursor.unexpected("'short' or 'long'", ['short', 'long']);
      return { use, named: OLD_FORMATS[length] };
    }
    const recent = text.parse(cursor);
    if (cursor.isPunctuation(';')) return { use, recent };
    return { use, recent, limit: parseAtomExpression(cursor), old: text.parse(cursor) };
  },
  evaluate({ use, named, recent, limit, old }, scope) {
    if (named) return [use, named];
    const format = { recent: textOf(recent!, scope) };
    return [use, limit ? { ...format, limitS: numberOf(limit, scope), old: textOf(old!, scope) } : format];
  },
};

const LATENCY_FLAGS = ['ping', 'wakeup', 'sockets', 'scheduling', 'allocator', 'events', 'timers'] as const;

/** A switch in BIRD 1.6 and 2, a list of what is measured in BIRD 3. */
const latency: ArgumentKind<ReturnType<typeof bool.parse> | readonly string[], boolean> = {
  parse: (cursor) =>
    cursor.isPunctuation('{') || cursor.isWord('all')
      ? flags(LATENCY_FLAGS, true).parse(cursor)
      : bool.parse(cursor),
  evaluate: (node, scope) => ('on' in node ? bool.evaluate(node, scope) : true),
};

const commonGlobals: readonly Rule<GlobalDraft>[] = [
  option('router id', identifier, (draft, value) => (draft.routerId = value)),
  option('router id from', interfacePatterns, (draft, value) => (draft.routerIdFrom = value)),
  option('log', log, (draft, value, context, at) => {
    if ('refused' in value) context.refuse(at, value.refused, value.hint);
    else draft.log.push(value);
  }),
  option('debug protocols', debugFlags, (draft, value, context, at) => {
    draft.debugProtocols = value;
    warnOfFlags(value, context, at);
  }),
  option('debug commands', number, (draft, value) => (draft.debugCommands = value)),
  noticed(
    'debug latency',
    latency,
    "use 'watchdog warning', which logs what holds the loop",
    (value) => !value,
  ),
  noticed('debug latency limit', time, "use 'watchdog warning', which logs what holds the loop"),
  option('timeformat', timeFormat, (draft, [use, format]) => (draft.timeFormats[use] = format)),
  option('graceful restart wait', number, (draft, value) => (draft.gracefulRestartWaitS = value)),
  option('watchdog warning', time, (draft, value) => (draft.watchdogWarningMs = value)),
  noticed(
    'watchdog timeout',
    time,
    "let the supervisor restart a process that hangs; 'watchdog warning' logs what holds the loop",
    (value) => value === 0,
  ),
  option('mrtdump protocols', mrtdumpFlags, (draft, value) => (draft.mrtdumpProtocols = value)),
  option('mrtdump', text, (draft, value) => (draft.mrtdumpFile = value)),
];

interface ListenNode {
  readonly address?: Expression;
  readonly port?: Expression;
}

/** `listen bgp address 10.0.0.1 port 1790` of BIRD 1.6: one socket for all protocols. */
const listen: Rule<GlobalDraft> = {
  words: 'listen bgp',
  parse(cursor) {
    let node: ListenNode = {};
    for (;;) {
      if (cursor.acceptWord('address')) node = { ...node, address: address.parse(cursor) };
      else if (cursor.acceptWord('port')) node = { ...node, port: parseAtomExpression(cursor) };
      else if (!cursor.acceptWord('v6only') && !cursor.acceptWord('dual')) return node;
    }
  },
  apply(draft, argument, context, { at }) {
    const node = argument as ListenNode;
    if (node.port) draft.listen.port = numberOf(node.port, context.scope);
    if (!node.address) return;
    draft.listen.address = addressOf(node.address, context.scope);
    context.warn(
      at,
      "'listen bgp address' counts for protocols with that source address; others listen on all",
    );
  },
};

interface CliNode {
  readonly path: Expression;
  readonly restrict: boolean;
  readonly v2Attributes: boolean;
}

/** `cli "/run/other.ctl" { restrict; v2 attributes; }`. `v2 attributes no` is Catbird's: names as in BIRD 3. */
const controlSocket: Rule<GlobalDraft> = {
  words: 'cli',
  parse(cursor): CliNode {
    const path = text.parse(cursor);
    let restrict = false;
    let v2Attributes = true;
    if (cursor.accept('{')) {
      while (!cursor.accept('}')) {
        if (cursor.acceptWord('v2')) {
          cursor.expectWord('attributes');
          v2Attributes = !cursor.acceptWord('no') && !cursor.acceptWord('off');
          if (v2Attributes && !cursor.acceptWord('yes')) cursor.acceptWord('on');
        } else {
          cursor.expectWord('restrict');
          restrict = true;
        }
        cursor.expect(';');
      }
    }
    return { path, restrict, v2Attributes };
  },
  apply(draft, argument, context, { at }) {
    const { path, restrict, v2Attributes } = argument as CliNode;
    const value = textOf(path, context.scope);
    if (draft.cli.some((socket) => socket.path === value)) {
      throw new ConfError(at, `Control socket '${value}' already defined`);
    }
    draft.cli.push({ path: value, restrict, v2Attributes });
  },
};

const threadOptions = new RuleTable<object>([
  accepted('max time', time),
  accepted('min time', time),
  accepted('max latency', time),
  accepted('threads', number),
  accepted('wakeup time', time),
  accepted('default', bool),
]);

/** `thread group NAME { … }` of BIRD 3. */
const threads: Rule<GlobalDraft> = {
  words: 'thread group',
  parse(cursor) {
    cursor.name('a name');
    const options: OptionNode<object>[] = [];
    if (cursor.accept('{')) threadOptions.parseBlock(cursor, options);
    return options;
  },
  apply(_draft, options, context, { at }) {
    for (const item of options as OptionNode<object>[]) item.rule.apply({}, item.argument, context, item);
    context.warn(at, "'thread group' has no effect: Catbird routes on one thread");
  },
};

/** Global options of BIRD 2 and 3. */
export const globals = new RuleTable<GlobalDraft>([
  ...commonGlobals,
  option('hostname', text, (draft, value) => (draft.hostname = value)),
  option('debug channels', debugFlags, (_draft, value, context, at) => {
    if (value.size > 0) context.warn(at, CHANNEL_DEBUG);
  }),
  noticed('debug tables', debugFlags, 'tables log nothing', (value) => value.size === 0),
  noticed('debug show route', debugFlags, "'debug commands' logs commands", (value) => value.size === 0),
  noticed('threads', number, 'Catbird routes on one thread', (value) => value === 1),
  controlSocket,
  threads,
]);

/** Global options of BIRD 1.6. */
export const globals1 = new RuleTable<GlobalDraft>([...commonGlobals, listen]);
