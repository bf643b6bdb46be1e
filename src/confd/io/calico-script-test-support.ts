/** Reads the steps of Calico's own test script, `test_suite_common.sh`, as far as they are about what confd writes. */

export type ScriptStep =
  /** The node that confd runs on from here. */
  | { readonly kind: 'node'; readonly name: string }
  /** Documents of YAML: resources for `calicoctl`, or secrets for `kubectl`. */
  | { readonly kind: 'apply'; readonly yaml: string }
  | { readonly kind: 'delete'; readonly resource: string; readonly name: string }
  /** Files are to be as those in a folder of the expected ones. */
  | { readonly kind: 'compare'; readonly folder: string }
  /** `bird.cfg` is to have so many neighbours. */
  | { readonly kind: 'peerings'; readonly count: number };

export interface ScriptedTest {
  readonly name: string;
  readonly steps: readonly ScriptStep[];
}

const DEFAULT_NODE = 'kube-master';

const mesh = (isOn: boolean): string =>
  `{kind: BGPConfiguration, apiVersion: projectcalico.org/v3, metadata: {name: default}, spec: {nodeToNodeMeshEnabled: ${isOn}}}`;

/** The functions of a script that compare anything, with their steps on etcd. */
export function readScript(text: string): ScriptedTest[] {
  const tests: ScriptedTest[] = [];
  for (const [, name, body] of text.matchAll(/^(test_\w+)\(\) \{\n([\s\S]*?)^\}/gm)) {
    const steps = stepsOf(body!.split('\n'));
    if (
      name !== 'test_confd_templates' &&
      steps.some(({ kind }) => kind === 'compare' || kind === 'peerings')
    )
      tests.push({ name: name!, steps });
  }
  return tests;
}

function stepsOf(lines: readonly string[]): ScriptStep[] {
  const steps: ScriptStep[] = [];
  let isForKubernetes = false;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!.trim();
    if (/^if .*DATASTORE_TYPE" = kubernetes/.test(line)) isForKubernetes = true;
    else if (line === 'fi') isForKubernetes = false;
    const isDocument = line.endsWith('<<EOF');
    const end = isDocument ? lines.indexOf('EOF', i) : i;
    const yaml = lines.slice(i + 1, end).join('\n');
    i = end;
    if (isForKubernetes) continue;
    const step = stepOf(line, yaml);
    if (step) steps.push(step);
  }
  return steps;
}

function stepOf(line: string, yaml: string): ScriptStep | undefined {
  if (/^(?:\$CALICOCTL|calicoctl|kubectl) (?:apply|create|replace) -f - <<EOF$/.test(line))
    return { kind: 'apply', yaml };
  if (line === 'turn_mesh_on' || line === 'turn_mesh_off')
    return { kind: 'apply', yaml: mesh(line === 'turn_mesh_on') };
  const deleted =
    /^(?:\$CALICOCTL|calicoctl|kubectl) delete (node|bgppeer|bgpfilter|ippool|secret) (\S+)/.exec(line);
  if (deleted) return { kind: 'delete', resource: deleted[1]!, name: deleted[2]! };
  const compared = /^test_confd_templates (\S+)$/.exec(line)?.[1];
  if (compared !== undefined) return { kind: 'compare', folder: compared };
  const peerings = /^expect_peerings (\d+)$/.exec(line)?.[1];
  if (peerings !== undefined) return { kind: 'peerings', count: Number(peerings) };
  if (/\bconfd -confdir=\S+ /.test(line))
    return { kind: 'node', name: /^NODENAME=(\S+)/.exec(line)?.[1] ?? DEFAULT_NODE };
  return undefined;
}
