import pc from 'picocolors';
import type { ExplainedGroup, ExplainedNode, ExplainedSubscription, Explanation } from '../bus/explain.js';

/** Who would get an event, for a person: one line for each subscription, node, group and responder. */
export function explanationToLines(explained: Explanation): string[] {
  const { topic, node, subscriptions, nodes, groups, responders } = explained;
  const lines = [
    ...subscriptions.map((one) => subscriptionToLine(node, one)),
    ...nodes.map(nodeToLine),
    ...groups.map(groupToLine),
    ...responders.map(({ node: at, plain, groups: names }) => {
      const shares = names.length === 0 ? '' : `, ${names.length === 1 ? 'group' : 'groups'} ${names.join(', ')}`;
      return `answers  ${at}  ${plain} alone${shares}`;
    }),
  ];
  const head = `${pc.cyan(topic)} ${pc.dim(`published at ${node}`)}`;
  return lines.length === 0 ? [head, 'nobody wants or answers it'] : [head, ...lines];
}

function subscriptionToLine(node: string, one: ExplainedSubscription): string {
  const notes = [
    ...(one.group === undefined ? [] : [`in group ${one.group}`]),
    ...(one.priority === 0 ? [] : [`priority ${one.priority}`]),
    ...(one.local ? [] : ['not for events of this node']),
    ...(one.broker ? [] : ['not for events of other nodes']),
  ];
  return ['here', node, one.id, `wants ${one.patterns.join(' ')}`, ...notes].join('  ');
}

function nodeToLine({ node, because, linked, suspect, inFlight }: ExplainedNode): string {
  const notes = [
    ...(linked ? [] : ['link down: events wait for it']),
    ...(suspect ? ['suspect: no group chooses it'] : []),
    ...(inFlight === 0 ? [] : [`${inFlight} not acknowledged`]),
  ];
  return ['node', node, `wants ${because.join(' ')}`, ...notes].join('  ');
}

function groupToLine({ name, strategy, members, winner }: ExplainedGroup): string {
  const shown = members.map(({ node, members: count, usable }) => `${node}:${count}${usable ? '' : ' (not usable)'}`);
  const choice = winner === undefined ? 'one by the strategy' : `${winner} gets it`;
  return ['group', name, strategy, `members ${shown.join(' ')}`, choice].join('  ');
}
