/** What the lab asks of every daemon, whatever its own language and tools are. */
import type { Container } from './container.ts';
import type { LabRoute } from './route.ts';

/** A version of IP. */
export type Version = 4 | 6;

/** The one AS of the lab. */
export const AS = 65000;

export interface SubjectOptions {
  readonly container: Container;
  /** Catbird's address. */
  readonly reflector: string;
  readonly routerId: string;
  /** Set where the subject is a reflector itself: its cluster and the one client it has besides Catbird. */
  readonly cluster?: { readonly id: string; readonly client: string };
  /** Asks its neighbours to keep its routes while it restarts. */
  readonly gracefulRestart?: boolean;
  /** Receives several paths of a prefix. */
  readonly addPaths?: boolean;
}

/** A route to announce: what `LabRoute` says, less what a reflector adds. */
export type Announcement = Omit<LabRoute, 'originatorId' | 'clusterList'>;

/** One running daemon in a container, neighbour of Catbird. */
export interface Subject {
  readonly options: SubjectOptions;
  /**
   * Starts the daemon.
   * @param routes what it announces from the start; where not given, what it announced before
   */
  start(routes?: readonly Announcement[]): Promise<void>;
  /** Ends it without a NOTIFICATION, as a crash does. */
  kill(): Promise<void>;
  /** Makes these the routes that the daemon announces: adds, changes and withdraws what differs. */
  announce(routes: readonly Announcement[]): Promise<void>;
  /** What it holds from the neighbour (Catbird where none is given), as its own tools say. */
  held(neighbour?: string): Promise<LabRoute[]>;
  /** Asks Catbird to send everything again. */
  refresh(): Promise<void>;
}

/** What a daemon can be tested for, and how it is made. */
export interface SubjectKind {
  /** Short name, part of the containers' names. */
  readonly key: string;
  readonly title: string;
  /** AS paths of its own making: some daemons only ever put their own AS in front. */
  readonly announcesAsPaths: boolean;
  /** Address families of the routes that it carries. */
  readonly families: readonly Version[];
  /** The address family of its sessions. */
  readonly transport: Version;
  readonly reflects: boolean;
  /** Tells its own routes from those it reflects also towards a reflector of its own cluster. */
  readonly sharesCluster: boolean;
  readonly refreshes: boolean;
  readonly restartsGracefully: boolean;
  readonly addPaths: boolean;
  make(options: SubjectOptions): Subject;
}

export const isIpv6 = (prefix: string): boolean => prefix.includes(':');
