/** Buses inside one process, each as its documents show it. The variant says which. */
import { EventEmitter } from 'node:events';
import { Subject } from 'rxjs';
import type { Contender, LocalBus } from '../contender.js';
import { requirePeer } from '../harness/load.js';

interface EventEmitter2 {
  on(event: string, handler: (value: unknown) => void): void;
  off(event: string, handler: (value: unknown) => void): void;
  emit(event: string, value: unknown): void;
}
interface MqMessage {
  readonly topic: string;
  readonly value: unknown;
}
interface MqEmitter {
  on(topic: string, handler: (message: MqMessage, done: () => void) => void): void;
  removeListener(topic: string, handler: (message: MqMessage, done: () => void) => void): void;
  emit(message: MqMessage): void;
}

const makers: Readonly<Record<string, (hasWildcards: boolean) => LocalBus>> = {
  rxjs: () => {
    const subjects = new Map<string, Subject<unknown>>();
    return {
      subscribe(topic, handler) {
        const subject = subjects.get(topic) ?? new Subject<unknown>();
        subjects.set(topic, subject);
        const subscription = subject.subscribe(handler);
        return () => subscription.unsubscribe();
      },
      publish: (topic, value) => subjects.get(topic)?.next(value),
    };
  },

  events: () => {
    const emitter = new EventEmitter();
    emitter.setMaxListeners(0);
    return {
      subscribe(topic, handler) {
        emitter.on(topic, handler);
        return () => void emitter.off(topic, handler);
      },
      publish: (topic, value) => void emitter.emit(topic, value),
    };
  },

  // Wildcards are off by default, and cost it every publish.
  eventemitter2: (wildcard) => {
    type Maker = { readonly EventEmitter2: new (options: object) => EventEmitter2 };
    const { EventEmitter2: Emitter } = requirePeer<Maker>('eventemitter2');
    const emitter = new Emitter({ wildcard, delimiter: '/', maxListeners: 0 });
    return {
      subscribe(pattern, handler) {
        emitter.on(pattern, handler);
        return () => emitter.off(pattern, handler);
      },
      publish: (topic, value) => emitter.emit(topic, value),
    };
  },

  mqemitter: () => {
    const emitter = requirePeer<(options: object) => MqEmitter>('mqemitter')({});
    return {
      subscribe(pattern, handler) {
        const topic = pattern.replaceAll('*', '+');
        const listener = ({ value }: MqMessage, done: () => void): void => {
          handler(value);
          done();
        };
        emitter.on(topic, listener);
        return () => emitter.removeListener(topic, listener);
      },
      publish: (topic, value) => emitter.emit({ topic, value }),
    };
  },
};

/** The variant decides which bus is made; two of them know wildcards. */
export const contender: Contender = {
  local: {
    synchronous: true,
    create(variant, hasWildcards) {
      const make = makers[variant];
      if (make === undefined) throw new Error(`no local bus is called ${variant}`);
      return make(hasWildcards);
    },
  },
};
