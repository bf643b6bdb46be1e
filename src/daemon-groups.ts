/** Update groups as `show status groups` shows them. */
import { FAMILIES } from './base/family.ts';
import type { GroupMemberView, GroupView } from './birdcl-compat/cli/daemon-view.ts';
import type { Daemon } from './daemon.ts';
import type { GroupMember } from './reflector/group-member.ts';
import type { UpdateGroup } from './reflector/update-group.ts';
import { SOURCE_KIND } from './rib/source-registry.ts';

const NEIGHBOURS = {
  [SOURCE_KIND.client]: 'internal clients',
  [SOURCE_KIND.nonClient]: 'internal',
  [SOURCE_KIND.external]: 'external',
  [SOURCE_KIND.confederation]: 'confederation',
} as const;

/** Numbers of update groups: a group keeps its own for as long as it lives, and none is given twice. */
export class GroupNumbers {
  readonly #numbers = new WeakMap<UpdateGroup, number>();
  #next = 1;

  of(group: UpdateGroup): number {
    const known = this.#numbers.get(group);
    if (known !== undefined) return known;
    this.#numbers.set(group, this.#next);
    return this.#next++;
  }
}

function memberView(protocol: string, member: GroupMember): GroupMemberView {
  const { lagBytes, walking, caughtUp } = member;
  return { protocol, lagBytes, state: walking ? 'walking' : caughtUp ? 'current' : 'behind' };
}

/** Update groups that have members, by number; members in the order in which their sessions came up. */
export function groupViews(daemon: Daemon, numbers: GroupNumbers): GroupView[] {
  const { peers } = daemon.reflector;
  const found = new Map<UpdateGroup, GroupMemberView[]>();
  for (const [name, peer] of peers) {
    for (const channel of peer.channels) {
      if (!channel?.member) continue;
      const { group } = channel.member;
      const members = found.get(group) ?? [];
      if (members.length === 0) found.set(group, members);
      members.push(memberView(name, channel.member));
    }
  }
  return [...found]
    .map(([group, members]) => ({
      number: numbers.of(group),
      table: group.table.name,
      channel: FAMILIES[group.family.index].name,
      neighbours: NEIGHBOURS[group.target.kind],
      exportFilter: exportFilterOf(daemon, members[0]!.protocol, group.family.index),
      addPath: group.encoding.addPath,
      routes: group.adjRibOut.routes,
      pendingNetworks: group.pending,
      logBytes: group.log.heldBytes,
      announced: group.counters.announced,
      withdrawn: group.counters.withdrawn,
      members,
    }))
    .sort((a, b) => a.number - b.number);
}

/** The name that the configuration has for a session's export filter. */
function exportFilterOf(daemon: Daemon, session: string, family: number): string {
  const name = daemon.speaker.session(session)?.range ?? session;
  for (const protocol of daemon.config.protocols) {
    if (protocol.kind !== 'bgp' || protocol.name !== name) continue;
    return protocol.channels.find((channel) => channel.family === family)?.exportFilter.name ?? '---';
  }
  return '---';
}
