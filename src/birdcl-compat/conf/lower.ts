/** From statements to `DaemonConfig`: names, constants, inheritance, checks. Statements are taken in order, as BIRD does. */
import { FAMILIES } from '../../base/family.ts';
import type { Behaviour } from '../filter/behaviour.ts';
import { checkFilterDefinition, checkFunction } from '../filter/check.ts';
import type { AssertHook } from '../filter/run.ts';
import type { TestCase } from '../filter/suites.ts';
import type { NetKind } from '../filter/nets.ts';
import { NetTable } from '../filter/validation.ts';
import type { ProtocolNode, RepetitionNode, StatementNode } from './ast.ts';
import { constant } from './constants.ts';
import { ConfError, NotBuiltError, WholeFileError } from './diagnostics.ts';
import type { Dialect } from './dialect.ts';
import { newGlobals } from './grammar/global.ts';
import type { GlobalDraft } from './grammar/global.ts';
import { lowerLanguageStatement } from './grammar/language.ts';
import type { ProtocolDraft } from './grammar/protocol.ts';
import type { TableDraft } from './grammar/table.ts';
import type { Tokens } from './lexer.ts';
import type { AnyProtocolConfig, AnyTableConfig, DaemonConfig, TableConfig } from './lowered.ts';
import { RepeatedProtocol, WholeProtocol } from './pending.ts';
import type { PendingProtocol } from './pending.ts';
import { chooseRouterId } from './router-id.ts';
import type { HostFacts } from './router-id.ts';
import { applyOptions } from './rules.ts';
import type { Context } from './rules.ts';
import { Scope } from './scope.ts';
import type { NetType } from './net-types.ts';
import type { Location } from './source.ts';

/** Where lowering reports; both take the token that they are about. */
export interface Reporter {
  error(error: ConfError): void;
  warn(at: number, message: string): void;
}

/** How a configuration is read whose tests are run. */
export interface Testing {
  readonly behaviour?: Behaviour;
  /** Takes the outcome of `bt_assert` in import filters of static protocols. */
  readonly assertHook?: AssertHook;
}

/** Types of tables that filters look into. */
const LOOKED_INTO = new Set<NetType>(['roa4', 'roa6', 'aspa']);

type TableNode = Extract<StatementNode, { kind: 'table' }>;

export class Lowering {
  readonly #tokens: Tokens;
  readonly #reporter: Reporter;
  readonly #host: HostFacts;
  /** Names defined so far. */
  readonly scope: Scope;
  readonly #assertHook: AssertHook | undefined;
  readonly #context: Context;
  readonly #globals: GlobalDraft = newGlobals();
  readonly #tables: TableConfig[] = [];
  /** Default tables that the text has named too. */
  readonly #restated = new Set<AnyTableConfig>();
  readonly #pending: PendingProtocol[] = [];
  /** The last protocol that was written out in full. */
  #whole: WholeProtocol | undefined;
  readonly #counters = new Map<string, number>();
  readonly #tests: TestCase[] = [];

  constructor(tokens: Tokens, host: HostFacts, reporter: Reporter, dialect: Dialect, testing: Testing = {}) {
    this.#tokens = tokens;
    this.#host = host;
    this.#reporter = reporter;
    this.#assertHook = testing.assertHook;
    // A function that calls itself is looked at more than once.
    const said = new Set<string>();
    const warn = (at: number, message: string): void => {
      const key = `${at} ${message}`;
      if (said.has(key)) return;
      said.add(key);
      reporter.warn(at, message);
    };
    this.scope = new Scope(warn, testing.behaviour);
    this.#context = {
      scope: this.scope,
      dialect,
      warn,
      refuse: (at, message, hint) => reporter.error(new NotBuiltError(at, message, hint)),
    };
    for (const family of FAMILIES) {
      // BIRD 1.6 calls the table of its one family `master`.
      const table = {
        name: `master${family.index === 0 ? 4 : 6}`,
        net: family.name,
        family: family.index,
        sorted: false,
      };
      this.#tables.push(table);
      if (dialect.version === 1 && dialect.family !== family.index) continue;
      const name = dialect.version === 1 ? 'master' : table.name;
      this.scope.define(name, 0, { kind: 'table', table });
      this.scope.defaultTables.set(table.net, table);
    }
  }

  /** Takes one statement; its errors go to the reporter. */
  add(statement: StatementNode): void {
    try {
      this.#add(statement);
    } catch (error) {
      if (!(error instanceof ConfError)) throw error;
      this.#reporter.error(error);
    }
  }

  #add(statement: StatementNode): void {
    switch (statement.kind) {
      case 'global':
        applyOptions(this.#globals, [statement.option], this.#context);
        break;
      case 'define': {
        const { type, value } = constant(statement.value, this.scope);
        this.scope.define(statement.name.name, statement.name.at, { kind: 'constant', type, value });
        break;
      }
      case 'filter': {
        const filter = checkFilterDefinition(statement.filter, this.scope);
        this.scope.define(statement.filter.name!, statement.filter.nameAt, { kind: 'filter', filter });
        break;
      }
      case 'function': {
        const program = checkFunction(statement.function, this.scope);
        this.scope.define(statement.function.name, statement.function.nameAt, {
          kind: 'function',
          function: program,
        });
        break;
      }
      case 'table': {
        const draft: TableDraft = { sorted: statement.sorted };
        applyOptions(draft, statement.options, this.#context);
        this.#addTable(statement, draft);
        break;
      }
      case 'protocol':
        this.#addProtocol(statement);
        break;
      case 'repetition':
        this.#addRepetition(statement);
        break;
      case 'language':
        lowerLanguageStatement(statement.statement, this.scope, this.#tests);
        break;
      case 'refused':
        throw new NotBuiltError(statement.at, statement.message, statement.hint);
    }
  }

  /** `ipv4 table master4` may restate a table that is there anyway. */
  #addTable({ at, net, name: { name, at: nameAt }, origins = [] }: TableNode, { sorted }: TableDraft): void {
    const named = this.scope.get(name);
    const index = named?.kind === 'table' ? this.#tables.indexOf(named.table as TableConfig) : -1;
    const known = this.#tables[index];
    if (known && known === this.scope.defaultTables.get(net) && !this.#restated.has(known)) {
      // `sorted` changes no table of Catbird; BIRD's checks of what excludes it ask the one that is named here.
      const restated = { ...known, sorted };
      this.#restated.add(restated);
      this.#tables[index] = restated;
      this.scope.replace(name, { kind: 'table', table: restated });
      this.scope.defaultTables.set(net, restated);
      return;
    }
    const family = FAMILIES.find((candidate) => candidate.name === net)?.index;
    const table = { name, net, sorted };
    const lookup = new NetTable(name, net === 'ipv6 sadr' ? 'sadr' : (net as NetKind));
    for (const origin of origins) lookup.add({ net: origin });
    const entry = family === undefined ? { ...table, lookup } : { ...table, family };
    this.scope.define(name, nameAt, { kind: 'table', table: entry });
    if (!this.scope.defaultTables.has(net)) this.scope.defaultTables.set(net, entry);
    if ('family' in entry) this.#tables.push(entry);
    else if (!LOOKED_INTO.has(net))
      this.#context.warn(at, `table ${name} stays empty: Catbird carries no ${net} routes`);
  }

  #addProtocol(node: ProtocolNode): void {
    const { grammar, template } = node;
    const draft = this.#inherit(node);
    draft.name = node.name?.name ?? this.#defaultName(grammar.defaultName);
    const protocol = new WholeProtocol(
      template ? 'template' : 'protocol',
      node.at,
      node.kindAt,
      grammar,
      draft,
    );
    this.scope.define(draft.name, node.name?.at ?? node.at, protocol);
    applyOptions(draft, node.options, this.#context);
    // One that was cut short by a syntax error is not looked at as a whole.
    if (node.end === undefined || (template && !grammar.checksTemplates)) return;
    protocol.end = node.end;
    if (this.#tokens.slotsOf(node.at).length > 0) protocol.options = node.options;
    this.#pending.push(protocol);
    this.#whole = protocol;
  }

  #addRepetition({ at, of, name, slots }: RepetitionNode): void {
    const whole = this.#whole;
    if (whole?.at !== of) throw new ConfError(at, 'A block that others repeat was not read');
    const protocol = new RepeatedProtocol(
      whole,
      at,
      whole.repeated(name.name, slots, this.#tokens, this.#context),
    );
    this.scope.define(name.name, name.at, protocol);
    this.#pending.push(protocol);
  }

  #inherit({ grammar, from }: ProtocolNode): ProtocolDraft {
    if (!from) {
      const draft = grammar.create(this.#globals.debugProtocols, this.#context);
      draft.mrtdump = this.#globals.mrtdumpProtocols;
      return draft;
    }
    const message = 'Template or protocol name expected';
    const parent = this.scope.require(from.name, from.at, ['template', 'protocol'], message);
    if (parent.protocol !== grammar.word) {
      throw new ConfError(from.at, "Can't copy configuration from a different protocol type");
    }
    if (!grammar.copy) {
      throw new ConfError(from.at, `Inheriting configuration for ${grammar.word} is not supported`);
    }
    return grammar.copy(parent.draft() as ProtocolDraft);
  }

  #defaultName(prefix: string): string {
    for (;;) {
      const count = (this.#counters.get(prefix) ?? 0) + 1;
      this.#counters.set(prefix, count);
      if (!this.scope.get(prefix + String(count))) return prefix + String(count);
    }
  }

  /** The whole, after the last statement. Undefined where something was wrong; the reporter knows what. */
  finish(
    path: string,
    end: number,
    failed: () => boolean,
    locate: (at: number) => Location,
  ): DaemonConfig | undefined {
    const globals = this.#globals;
    const routerId = globals.routerId ?? chooseRouterId(globals.routerIdFrom, this.#host);
    const protocols: AnyProtocolConfig[] = [];
    const places = new Map<string, number>();
    const attached = new Map<AnyTableConfig, string>();
    const context = {
      ...this.#context,
      routerId: routerId ?? 0,
      template: false,
      kindAt: 0,
      end: 0,
      attached,
      listen: globals.listen,
      hostname: globals.hostname ?? this.#host.hostname,
      assertHook: this.#assertHook,
    };
    for (const pending of this.#pending) {
      const template = pending.kind === 'template';
      try {
        context.template = template;
        context.kindAt = pending.kindAt;
        context.end = pending.end;
        const config = pending.finish(context);
        if (!config || template) continue;
        protocols.push(config);
        places.set(config.name, pending.kindAt);
      } catch (error) {
        if (!(error instanceof ConfError)) throw error;
        this.#reporter.error(error);
      }
    }
    if (failed()) return undefined;
    if (!this.#pending.some(({ kind }) => kind === 'protocol')) {
      this.#reporter.error(new WholeFileError(end, 'No protocol is specified in the config file'));
    }
    const { dialect } = this.#context;
    if (dialect.version === 1 && dialect.family === 1 && globals.routerId === undefined) {
      const hint = "add 'router id 192.0.2.1;' with a number of your own";
      this.#reporter.error(
        new WholeFileError(end, 'Router ID must be configured manually on IPv6 routers', hint),
      );
    } else if (routerId === undefined || routerId === 0) {
      const hint =
        "this host has no IPv4 address to take it from; add 'router id 192.0.2.1;' with a number of your own";
      this.#reporter.error(
        new ConfError(0, 'Cannot determine router ID, please configure it manually', hint),
      );
    }
    if (failed()) return undefined;
    this.#warnOfDumps(protocols, places);
    return {
      path,
      routerId: routerId!,
      ...(globals.hostname !== undefined && { hostname: globals.hostname }),
      log: globals.log,
      ...(globals.mrtdumpFile !== undefined && { mrtdumpFile: globals.mrtdumpFile }),
      debugCommands: globals.debugCommands,
      timeFormats: globals.timeFormats,
      gracefulRestartWaitS: globals.gracefulRestartWaitS,
      watchdogWarningMs: globals.watchdogWarningMs,
      cli: globals.cli,
      tables: this.#tables,
      protocols,
      symbols: this.scope,
      tests: this.#tests,
      locate,
      placeOf: (protocol) => {
        const place = places.get(protocol);
        return place === undefined ? undefined : locate(place);
      },
    };
  }

  /** Where a dump of sessions is asked for and there is no file, BIRD says nothing and dumps nothing. */
  #warnOfDumps(protocols: readonly AnyProtocolConfig[], places: ReadonlyMap<string, number>): void {
    if (this.#globals.mrtdumpFile !== undefined) return;
    const dumped = protocols.find((protocol) => protocol.kind === 'bgp' && protocol.mrtdump.size > 0);
    if (!dumped) return;
    const message = "'mrtdump' of protocols has no effect without a file: add 'mrtdump \"FILE\";'";
    this.#context.warn(places.get(dumped.name)!, message);
  }
}
