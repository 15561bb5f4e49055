import { Observable } from 'rxjs/internal/Observable';
import type { ClusterWatch, Member, MemberEvent, Membership, PartitionState } from '../spi/membership.js';

/** What `members$` emits: the whole list first, then one change after the other. */
export type MembersEvent = { readonly kind: 'snapshot'; readonly members: readonly Member[] } | MemberEvent;

/** The members of a running node; each subscriber gets a snapshot of its own, and nothing is missed after it. */
export function membersStream(membership: Pick<Membership, 'members' | 'listen'>): Observable<MembersEvent> {
  return new Observable((subscriber) => {
    subscriber.next({ kind: 'snapshot', members: membership.members() });
    return membership.listen((event) => subscriber.next(event));
  });
}

/** How much of the cluster is lost, now and at each change. */
export function partitionStream(watch: ClusterWatch): Observable<PartitionState> {
  return new Observable((subscriber) => {
    subscriber.next(watch.partition);
    return watch.listenPartition((state) => subscriber.next(state));
  });
}
