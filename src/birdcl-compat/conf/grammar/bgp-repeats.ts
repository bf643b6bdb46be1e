/** `protocol bgp` blocks that repeat another one but for name, description, addresses, AS numbers and password. */
import type { AnyProtocolConfig, BgpProtocolConfig } from '../lowered.ts';
import type { BgpDraft } from './bgp-draft.ts';
import { isLinkLocal, listener } from './bgp-finish.ts';
import type { FinishContext, RepeatGrammar } from './protocol.ts';

/** The fields that varying options set (`VARYING_OPTIONS`), besides those that words in them set. */
export type BgpIdentity = Pick<
  BgpDraft,
  | 'name'
  | 'description'
  | 'localAs'
  | 'localAddress'
  | 'localPort'
  | 'remoteAs'
  | 'remoteAddress'
  | 'remoteRange'
  | 'remotePort'
  | 'password'
>;

export const bgpRepeats: RepeatGrammar<BgpDraft, BgpIdentity> = {
  identify: (draft) => ({
    name: draft.name,
    description: draft.description,
    localAs: draft.localAs,
    localAddress: draft.localAddress,
    localPort: draft.localPort,
    remoteAs: draft.remoteAs,
    remoteAddress: draft.remoteAddress,
    remoteRange: draft.remoteRange,
    remotePort: draft.remotePort,
    password: draft.password,
  }),
  assume(draft, identity) {
    draft.name = identity.name;
    draft.description = identity.description;
    draft.localAs = identity.localAs;
    draft.localAddress = identity.localAddress;
    draft.localPort = identity.localPort;
    draft.remoteAs = identity.remoteAs;
    draft.remoteAddress = identity.remoteAddress;
    draft.remoteRange = identity.remoteRange;
    draft.remotePort = identity.remotePort;
    draft.password = identity.password;
  },
  forget(draft, option) {
    if (option !== 'neighbor') return;
    // A second neighbour is an error.
    draft.remoteAddress = undefined;
    draft.remoteRange = undefined;
  },
  finish: finishRepeated,
};

/** What does not depend on texts, numbers and addresses is shared, unless a check could come out differently. */
function finishRepeated(
  identity: BgpIdentity,
  repeated: BgpDraft,
  config: AnyProtocolConfig,
  context: FinishContext,
): BgpProtocolConfig | undefined {
  const { localAs, localAddress, localPort, remoteAs, remoteAddress, remotePort } = identity;
  if (config.kind !== 'bgp' || config.session.kind !== 'single' || !remoteAddress) return undefined;
  const sameChecks =
    localAs === repeated.localAs &&
    remoteAs === repeated.remoteAs &&
    !isLinkLocal(localAddress) &&
    !isLinkLocal(remoteAddress);
  if (!sameChecks) return undefined;
  const { name, description, password } = identity;
  const { strictBind } = repeated;
  return {
    ...config,
    repeats: config,
    name,
    ...(description !== undefined && { description }),
    ...listener({ localAddress, localPort, strictBind }, context),
    session: {
      kind: 'single',
      config: {
        ...config.session.config,
        name,
        remoteAddress,
        remotePort,
        ...(localAddress && { localAddress }),
        ...(password !== undefined && { password }),
      },
    },
  };
}
