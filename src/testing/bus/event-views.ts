import type { GroupStrategy } from '../../spi/bus.js';
import type { EventHome } from './event-home.js';
import { linkedLives } from './known-lanes.js';

/** Every strategy of a group; each has a group of its name. */
export const strategies: readonly GroupStrategy[] = ['random', 'local-first', 'oldest', 'hashed', 'least-in-flight'];

/** The topics that events are published on. */
export const everyTopic: readonly string[] = ['/a', '/a/b', '/a/c', '/b/a', '/b/a/c', '/c/b/a', '/c/d', '/d'];

/** The patterns that subscriptions draw from. */
export const somePatterns: readonly string[] = [...everyTopic, '/a/*', '/*/a', '/b/**', '/a/**', '/c/**/a', '/{x}'];

/** The lives that a node has a link to and that want anything. */
export function linkedTo({ node }: EventHome): readonly string[] {
  const topics = [...everyTopic, ...strategies.map((strategy) => `/group/${strategy}`)];
  return linkedLives(topics.flatMap((topic) => node.bus.explain(topic).nodes));
}

/** Nothing waits anywhere and nothing is on its way. */
export function isQuiet(homes: readonly EventHome[]): boolean {
  return homes.every(({ node, plain, open }) => {
    const isIdle = plain.every(({ subscription }) => subscription.stats.queued === 0);
    const peers = ['/group/random', ...everyTopic].flatMap((topic) => node.bus.explain(topic).nodes);
    return open === 0 && isIdle && peers.every(({ inFlight }) => inFlight === 0);
  });
}

/** Where a node's belief about who wants a topic is not the truth. */
export function findDifferences(homes: readonly EventHome[]): readonly string[] {
  const differences: string[] = [];
  for (const topic of everyTopic) {
    for (const { node } of homes) {
      const wanting = homes.filter(
        (other) => other.node !== node && other.plain.some((one) => one.checked.wants(topic)),
      );
      const expected = toWords(wanting.map((other) => other.node.name));
      const explained = node.bus.explain(topic).nodes;
      const known = toWords(explained.filter(({ linked }) => linked).map((one) => one.node));
      if (known !== expected) differences.push(`${node.name} believes that ${known} want ${topic}, not ${expected}`);
    }
  }
  return differences;
}

function toWords(names: readonly string[]): string {
  return names.toSorted().join(' ');
}
