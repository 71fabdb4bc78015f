// dist/broker/broker.d.ts

import type { QueueSettings } from '../contract/operation.js';
/**
 * Where the topics and queues of a service live. Bodies are opaque, those of queues borrowed when given and owned by the receiver when handed out;
 * subjects are tokens joined by dots, empty for none; in a filter `*` stands for one token.
 *
 * What a method promises is in spec/broker.md, and `conforms` in test/broker/ asks it of each implementation. Every failure is a
 * SottoError: `broker/failed` with a cause, or the code that a method names. After disposal every method rejects with it.
 */
export interface Broker extends AsyncDisposable {
    /** The topic of an address, as in `thermostat.v1.readings`; one object an address. */
    topic(address: string, settings: {
        readonly retain: boolean;
    }): BrokerTopic;
    /** The queue of an address; one object an address. */
    queue(address: string, settings: QueueSettings): BrokerQueue;
}
/** Messages to whoever listens now, in the order of each publisher. */
export interface BrokerTopic {
    /**
     * The body is handed over, and nobody writes to it any more: all who hear it have these bytes.
     * Settles when every subscription has taken it: one that waits (`block`) makes this wait; the promise may be that of others. With `retain`, not before the message
     * is kept. undefined if all that is done already, so that publishing needs no promise. Rejects, never throws. @throws broker/full
     */
    publish(subject: string, body: Uint8Array): Promise<void> | undefined;
    /**
     * Settles when what is published from then on is heard; what is retained is handed to the sink before anything else, all of it
     * and without waiting, and anew when it may have changed unheard. A member of a group gets nothing that is retained.
     *
     * @param group of its members, those of the same name and filter, one gets each message; undefined for a subscription of its own
     */
    subscribe(filter: string, sink: Sink, group?: string): Promise<BrokerSubscription>;
}
/**
 * Takes one message, at once or in a while; never throws or rejects. With `mayPass`, where another member of the group may take it,
 * one that has no room answers `pass`. One that must not have it answers `pass` in any case; without a group that means nothing.
 */
export type Sink = (message: Published, mayPass: boolean) => Promise<void> | undefined | 'pass';
export interface Published {
    readonly subject: string;
    readonly body: Uint8Array;
    readonly retained: boolean;
}
export interface BrokerSubscription {
    /** Resolves when it ends by itself, with why; never by `end`. */
    readonly failed: Promise<Error>;
    /** The sink hears nothing from here on. */
    end(): void;
}
/** Messages that wait for a consumer: each is handed out until it is settled. */
export interface BrokerQueue {
    /** Settles once it is stored as the broker promises. @throws broker/full */
    enqueue(subject: string, body: Uint8Array, options: EnqueueSettings): Promise<Enqueued>;
    /**
     * Up to `count` messages that are due, each leased for the queue's time; waits for one, until `signal` aborts: then none. A
     * message that was handed out as often as may be is a dead letter in place of being handed out again.
     */
    lease(filter: string, count: number, signal: AbortSignal): Promise<readonly Leased[]>;
    /** Once what it asks is stored. False if the lease is over, or the message was settled: then nothing was done. */
    settle(receipt: string, outcome: Settlement): Promise<boolean>;
    /** Dead letters, the oldest first, at most `count` behind the id `after`. */
    dead(count: number, after?: string): Promise<readonly DeadLetter[]>;
    /** A dead letter waits again, as one that was never handed out; false if there is none of that id. */
    replay(id: string): Promise<boolean>;
    /** Forgets a dead letter; false if there is none of that id. */
    discard(id: string): Promise<boolean>;
    metrics(): Promise<QueueMetrics>;
}
export interface EnqueueSettings {
    /** Within the queue's window a second message of the same key is not stored. At most 256 bytes of UTF-8. */
    readonly key?: string;
    /** Not handed out before. At most 2^31-1. */
    readonly delayMs?: number;
}
export interface Enqueued {
    /** At most 64 characters of those of a token. Of a duplicate, that of the first. */
    readonly id: string;
    readonly duplicate: boolean;
}
export interface Leased {
    readonly id: string;
    readonly subject: string;
    readonly body: Uint8Array;
    /** Counted from 1. */
    readonly attempt: number;
    /** For `settle`: good for this lease alone. */
    readonly receipt: string;
}
/**
 * `retry` without a time takes the queue's backoff. `release` is as `retry`, of a delivery that nobody saw: it does not count as an
 * attempt. `reject` makes a dead letter; `reason` has at most 255 bytes.
 */
export type Settlement = {
    readonly is: 'ack';
} | {
    readonly is: 'release';
    readonly afterMs: number;
} | {
    readonly is: 'retry';
    readonly afterMs: number | undefined;
} | {
    readonly is: 'reject';
    readonly reason: string;
} | {
    readonly is: 'extend';
    readonly ms: number;
};
export interface DeadLetter {
    readonly id: string;
    readonly subject: string;
    readonly body: Uint8Array;
    readonly attempts: number;
    /** What it was rejected with; empty if it was handed out too often. */
    readonly reason: string;
}
/** Counts of messages, and the age of the oldest that is neither dead nor leased, in ms; 0 if there is none. */
export interface QueueMetrics {
    readonly ready: number;
    readonly delayed: number;
    readonly leased: number;
    readonly dead: number;
    readonly oldestMs: number;
}

// dist/broker/clock.d.ts

/** Time as a broker takes it, which a test can make pass. */
export interface Clock {
    /** In ms; it never goes back while the broker lives. */
    now(): number;
    /** Runs `act` in `ms`, at most 2^31-1, or a little later, unless what it returns is called before. Keeps no process alive. */
    after(ms: number, act: () => void): () => void;
}
/** Time since the process began. */
export declare const monotonic: Clock;

// dist/broker/memory.d.ts

import type { Broker } from './broker.js';
import { type Clock } from './clock.js';
export interface MemoryBrokerOptions {
    /** Bytes of one queue: of subjects, bodies and keys, and 64 of each; 268,435,456 if omitted. */
    readonly queueBytes?: number;
    /** Subjects of one topic that retains, and their bytes; 65,536 and 67,108,864 if omitted. */
    readonly retainedSubjects?: number;
    readonly retainedBytes?: number;
    /** For tests that make time pass. */
    readonly clock?: Clock;
}
/**
 * A broker that keeps nothing beyond the process it lives in. An address that is asked for again has the settings it was first
 * asked for with.
 *
 * @throws RangeError on a bound below 0
 */
export declare const memoryBroker: ({ queueBytes, retainedSubjects, retainedBytes, clock, }?: MemoryBrokerOptions) => Broker;

// dist/cbor.d.ts

import { type Bounds } from './cborscan.js';
type Scalar = null | boolean | number | bigint | string | Uint8Array;
/** What a message body may hold (spec/cbor.md). Members that are `undefined` are left out. */
export type Wire = Scalar | readonly Wire[] | {
    readonly [key: string]: Wire | undefined;
};
/** What a structure of the protocol itself may hold: maps of integer keys too, no floats. */
export type Control = Scalar | readonly Control[] | ReadonlyMap<number, Control> | {
    readonly [key: string]: Control | undefined;
};
/**
 * The one encoding of a message body, in a fresh buffer of exactly its length. Borrows `value`.
 * @throws cbor/unencodable a value with no form in the profile, deeper than 32 or cyclic
 * @throws cbor/limit over 65,536 items, or 1,024 keys in a map
 */
export declare const encode: (value: Wire) => Uint8Array;
/** As `encode`, for control structures: `Map` with integer keys of -2^32..2^32-1 allowed, floats refused. */
export declare const encodeControl: (value: Control) => Uint8Array;
/**
 * The value of a message body. Borrows `bytes`; byte strings in the result are copies. Integers are `number` where
 * that is exact (-(2^53-1)..2^53-1), else `bigint`. Objects have no prototype.
 * @throws cbor/malformed, cbor/forbidden, cbor/limit: the first fault in the order of the bytes
 */
export declare const decode: (bytes: Uint8Array) => Wire;
/**
 * As `decode`, for control structures: maps of integer keys, and empty maps, become `Map`; maps of text keys become
 * objects without prototype. `bounds` lowers the profile's limits.
 */
export declare const decodeControl: (bytes: Uint8Array, bounds?: Bounds) => Control;
export {};

// dist/cborscan.d.ts

/** Limits of one CBOR item (spec/cbor.md): containers inside each other, data items in all, keys of one map. */
export declare const MAX_DEPTH = 32;
export declare const MAX_ITEMS = 65536;
export declare const MAX_KEYS = 1024;
/** Limits below the profile's, where less is enough. */
export interface Bounds {
    readonly depth: number;
    readonly items: number;
}
/** Keys that no map may have: plain objects give them a meaning of their own. */
export declare const REFUSED_KEYS: readonly ['__proto__', 'constructor', 'prototype'];
/**
 * Refuses `bytes` unless they are exactly one item of the profile. Borrows the bytes, allocates nothing for them.
 * @param control integer keys allowed, floats refused: structures of the protocol itself
 * @returns whether a text starts with a byte order mark, which the builder must be told to keep
 * @throws cbor/malformed, cbor/forbidden, cbor/limit: the first fault in the order of the bytes
 */
export declare const scan: (bytes: Uint8Array, control: boolean, bounds?: Bounds) => boolean;

// dist/contract/cddl.d.ts

import type { Contract, ContractExport } from './define.js';
/**
 * CO-43: what another language needs to speak a contract, in CDDL (RFC 8610): its rows as they are hashed, and of each operation
 * what stands in bodies and items. A body without a rule is empty. Types are those of the JSON Schemas, or looser where CDDL
 * has no word for what these ask; `any` where there is none.
 *
 * @throws SottoError contract/malformed on an export that is none
 */
export declare const contractCddl: (of: Contract | ContractExport) => string;

// dist/contract/changes.d.ts

import type { Hash } from '../crypto/provider.js';
import type { Contract, ContractExport } from './define.js';
import type { Json } from './documented.js';
import { type Row } from './row.js';
/** One thing in which two contracts differ. */
export interface ContractChange {
    /** Undefined for the name of the contract. */
    readonly operation: string | undefined;
    /** A field of the row; `row` if one of them has no such operation; `schemas.request` and the like of documentation. */
    readonly field: string;
    /** What each has there; undefined where it has nothing. */
    readonly mine: Json | undefined;
    readonly theirs: Json | undefined;
    /** Whether who uses `mine` is refused by who serves `theirs`; `maybe` where they agree, and only then find values they refuse. */
    readonly breaking: 'no' | 'maybe' | 'yes';
}
/**
 * CO-41: all in which two contracts differ, rising by operation: each field of a row with both values.
 *
 * @param mine what is used: a contract, or what one exported
 * @param theirs what is served
 * @throws SottoError contract/malformed on an export that is none
 */
export declare const contractChanges: (mine: Contract | ContractExport, theirs: Contract | ContractExport) => readonly ContractChange[];
/**
 * CO-42: in which one field, and how, the row differs that has this digest; undefined if it differs in more, or in names that nobody
 * can guess.
 *
 * @param hash SHA-256 of a crypto provider
 */
export declare const guessChange: (hash: Hash, row: Row, digest: Uint8Array) => {
    readonly field: keyof Row;
    readonly theirs: Json | undefined;
} | undefined;

// dist/contract/define.d.ts

import { type Schemas } from './documented.js';
import { type Checked, type Flow } from './flow.js';
import { type Operations } from './operation.js';
import { type Row } from './row.js';
/** Names and a version, as in `thermostat.v1`; the full grammar is checked when the contract is made. */
export type ContractName = `${string}.v${number}`;
/** What its server implements: plain frozen data, made by `contract`. */
export interface Contract<N extends ContractName = ContractName, O extends Operations = Operations, F extends Flow | undefined = Flow | undefined> {
    readonly name: N;
    readonly operations: O;
    /** Of a contract of conversations. */
    readonly flow: F;
    /** The name and the rows, in the order of their numbers, with JSON Schemas where the libraries of the shapes make them: what another language needs to speak it. */
    toJSON(): ContractExport;
}
export interface ContractExport {
    readonly name: string;
    readonly operations: readonly ExportedRow[];
}
export interface ExportedRow extends Row {
    /** Documentation, that peers do not agree on. */
    readonly schemas?: Schemas;
}
/** CO-9. The rationale in spec/contract.md has the arithmetic. */
export declare const MAX_OPERATIONS = 256;
/** CO-11, CO-12: declared faults, and visible fields, of one operation. */
export declare const MAX_NAMES = 64;
/**
 * A contract of 1 to 256 operations. The record is copied; its shapes are held as they are and not called (CO-10). With a
 * flow its operations are steps of conversations, which come in the order of the flow alone.
 *
 * @throws RangeError if a name, a kind or a count is outside the grammar of spec/contract.md, or the flow does not fit (CV-1 to CV-5)
 */
export declare const contract: <const N extends ContractName, O extends Operations, const F extends Flow | undefined = undefined>(name: N, operations: O, flow?: F & Checked<O, F>) => Contract<N, O, F>;

// dist/contract/documented.d.ts

import type { Wire } from '../cbor.js';
import type { Operation } from './operation.js';
import type { Shape } from './shape.js';
/** Plain JSON. */
export type Json = null | boolean | number | string | readonly Json[] | {
    readonly [key: string]: Json;
};
/** JSON Schemas (draft 2020-12) of what travels in an operation, by the names of its shapes: documentation, which nothing is checked by. */
export interface Schemas {
    readonly request?: Json;
    readonly response?: Json;
    readonly message?: Json;
    readonly up?: Json;
    readonly down?: Json;
    readonly faults?: Readonly<Record<string, Json>>;
}
/** The shapes of each kind, beside faults. */
export declare const SHAPES: {
    readonly requestResponse: readonly ["request", "response"];
    readonly oneWay: readonly ["message"];
    readonly stream: readonly ["request", "up", "down"];
    readonly topic: readonly ["message"];
    readonly queue: readonly ["message"];
};
/** CO-40: of one schema. */
export declare const MAX_SCHEMA_DEPTH = 64;
export declare const MAX_SCHEMA_VALUES = 10000;
/** CO-39: the schemas that the libraries of its shapes make of what is sent; undefined if they make none. */
export declare const schemasOf: (operation: Operation) => Schemas | undefined;
/** A shape that takes whatever the wire carries, and no value, and shows the schema of another. */
export declare const described: (schema: Json | undefined) => Shape<Wire>;
/** CO-40: a frozen copy of what is plain JSON within the bounds of a schema; undefined of anything else. */
export declare const plainJson: (value: unknown) => Json | undefined;

// dist/contract/exported.d.ts

import { type Contract } from './define.js';
/**
 * CO-32: the contract of what `toJSON()` of another gave: the same name and rows, and shapes that take whatever the rows
 * let be sent. It is for what reads rows alone, as policies do, and for calls whose values nobody here checks. The JSON Schemas
 * are kept as documentation. Its queues have the usual settings.
 *
 * @param exported plain data, as JSON gives it
 * @throws SottoError contract/malformed if it is not what a contract exports; `details.path` says where
 */
export declare const parseContract: (exported: unknown) => Contract;

// dist/contract/flow.d.ts

import type { Operations } from './operation.js';
import type { In, Shape } from './shape.js';
/** Which operations of a contract may come in which state of a conversation (spec/conversations.md). */
export interface Flow {
    /** The field of each step's request or message that says which conversation it belongs to: a text. */
    readonly key: string;
    /** For each state the operations that may come, each with the state it leads to. The first is `start`; `end` is none and is over. */
    readonly states: Readonly<Record<string, Steps>>;
}
/** By operation, or by state: the state that a step leads to. */
export type Steps = Readonly<Record<string, string>>;
/** What the row of an operation says of the flow that names it; not an interface, as it is encoded as it is. */
export type RowFlow = {
    readonly key: string;
    /** From each state in which the operation may come: the state it leads to. */
    readonly steps: Steps;
};
/** What a flow must be to fit its operations: of operations whose names no type knows, any flow. */
export type Checked<O, F> = string extends keyof O ? unknown : Fitting<O, F>;
type Fitting<O, F> = F extends {
    readonly key: infer K;
    readonly states: infer S;
} ? {
    readonly key: string;
    readonly states: {
        readonly start: unknown;
    } & {
        readonly [A in keyof S]: A extends typeof END ? never : {
            readonly [P in keyof S[A]]: P extends keyof O ? Target<O, P, K, S> : never;
        };
    };
} : undefined;
/** `state` is the member of a conversation's object that names its state, so it can be no step of it. */
type Target<O, P extends keyof O, K, S> = P extends 'state' ? never : Keyed<O[P], K> extends true ? keyof S | typeof END : never;
/** Whether a step's request has the key as a text that is always there. `any` has nothing for sure. */
type Keyed<Op, K> = Op extends {
    readonly kind: 'requestResponse';
    readonly request: infer M extends Shape;
} | {
    readonly kind: 'oneWay';
    readonly message: infer M extends Shape;
} ? K extends keyof In<M> ? In<M>[K] extends string ? true : false : false : false;
/** The state of a conversation that nobody has begun. */
export declare const START = "start";
/** Where a step leads that is the last: no state. */
export declare const END = "end";
/** CV-5. The rationale in spec/conversations.md has the arithmetic. */
export declare const MAX_STATES = 64;
/** CV-5: operations that may come in one state. */
export declare const MAX_STEPS = 64;
/** CV-8: bytes of a key, as UTF-8. */
export declare const MAX_KEY_BYTES = 255;
/** The state that `operation` leads to, or undefined if it may not come in `state`. */
export declare const nextState: (flow: Flow, state: string, operation: string) => string | undefined;
/** The operations that may come in `state`, rising. */
export declare const expectedIn: (flow: Flow, state: string) => readonly string[];
/** Whether an operation is a step of the flow at all; one that is not may come at any time. */
export declare const isStep: (flow: Flow, operation: string) => boolean;
/** CV-8: the key that a decoded message has in `field`: a text of 1 to 255 bytes. Undefined for any other. */
export declare const keyIn: (field: string, value: unknown) => string | undefined;
/** What the row of `operation` has of the flow, states rising; undefined if no state names it. */
export declare const rowFlowOf: (flow: Flow | undefined, operation: string) => RowFlow | undefined;
/**
 * A frozen copy of a flow that fits `operations`.
 * @throws RangeError if it does not
 */
export declare const flowOf: (contract: string, operations: Operations, flow: Flow) => Flow;
export {};

// dist/contract/kinds.d.ts

/** The acts a policy speaks of, in the order of the table in spec/contract.md. */
export declare const VERBS: readonly ['initiate', 'call', 'send', 'stream', 'publish', 'subscribe', 'enqueue', 'consume'];
export type Verb = (typeof VERBS)[number];
/** CO-14: which verbs an operation of each kind can be the object of; the second is of what stands, and is told what comes. */
export declare const KINDS: {
    readonly requestResponse: readonly ["call"];
    readonly oneWay: readonly ["send"];
    readonly stream: readonly ["stream"];
    readonly topic: readonly ["publish", "subscribe"];
    readonly queue: readonly ["enqueue", "consume"];
};
export type Kind = keyof typeof KINDS;
export declare const isKind: (text: string) => text is Kind;
/** CO-18, CO-19, CO-30: the kinds that have what not every row has; of the others it is empty, false or absent. */
export declare const HAVING: {
    readonly subject: readonly ["topic", "queue"];
    readonly retain: readonly ["topic"];
    readonly faults: readonly ["requestResponse"];
    readonly idempotent: readonly ["requestResponse"];
    readonly up: readonly ["stream"];
    readonly down: readonly ["stream"];
};
export declare const has: (kind: Kind, what: keyof typeof HAVING) => boolean;

// dist/contract/operation.d.ts

import type { Kind } from './kinds.js';
import { type QueueSettings } from './queuesettings.js';
import { type In, type Nothing, type Sent, type Shape, type Shapes } from './shape.js';
import { type Template } from './subject.js';
/**
 * One operation of a contract: plain frozen data.
 *
 * Not generic, and nothing here has the type of a shape: TypeScript infers an omitted shape from the type that
 * `contract` expects, so a generic base would turn it into that base's widest shape.
 */
export interface Operation {
    readonly kind: Kind;
    readonly terms: Terms;
}
/** What Sotto itself enforces of an operation, whatever its shapes are; with name and kind, its row. */
export interface Terms {
    /** Subject template; empty for the kinds that have none. */
    readonly subject: string;
    readonly faults: readonly string[];
    /** Top-level scalar fields of the request or message that policy may read. */
    readonly visible: readonly string[];
    readonly retain: boolean;
    readonly idempotent: boolean;
    /** Of a stream alone: what the one who began it sends behind the request, and what comes back. */
    readonly up?: Carries | undefined;
    readonly down?: Carries | undefined;
}
/** What a direction of a stream carries: no items, values, or bytes as they are, which may be cut and joined. */
export type Carries = (typeof CARRIES)[number];
export declare const CARRIES: readonly ['nothing', 'items', 'bytes'];
export interface RequestResponse<Q extends Sent, R extends Sent, F extends Shapes> extends Operation {
    readonly kind: 'requestResponse';
    readonly request: Q;
    readonly response: R;
    readonly faults: F;
}
export interface OneWay<M extends Sent> extends Operation {
    readonly kind: 'oneWay';
    readonly message: M;
}
export interface Stream<Q extends Sent, U extends Sent, D extends Sent> extends Operation {
    readonly kind: 'stream';
    readonly request: Q;
    readonly up: U;
    readonly down: D;
}
export interface Topic<M extends Sent, S extends string> extends Operation {
    readonly kind: 'topic';
    readonly message: M;
    readonly subject: S;
    /** The subject, parsed: for `subjectOf` and what goes with it. */
    readonly template: Template;
}
export type { QueueSettings };
export interface Queue<M extends Sent, S extends string> extends Operation {
    readonly kind: 'queue';
    readonly message: M;
    readonly subject: S;
    /** As of a topic. */
    readonly template: Template;
    /** What its server does with messages; no part of the row. */
    readonly settings: QueueSettings;
}
/** The kind tells the interface; it does not narrow by itself, as Operation is not a union. */
export declare const isRequestResponse: (operation: Operation) => operation is RequestResponse<Sent, Sent, Shapes>;
export declare const isOneWay: (operation: Operation) => operation is OneWay<Sent>;
export declare const isStream: (operation: Operation) => operation is Stream<Sent, Sent, Sent>;
export declare const isTopic: (operation: Operation) => operation is Topic<Sent, string>;
export declare const isQueue: (operation: Operation) => operation is Queue<Sent, string>;
/** No faults are declared. */
export type NoFaults = Readonly<Record<never, never>>;
/** `then` would make a client look like a promise. */
export type Operations = Readonly<Record<string, Operation>> & {
    readonly then?: never;
};
interface Seen<S extends Shape> {
    /** Top-level fields of text, numbers or booleans that policy rules may read as `body.NAME`. */
    readonly visible?: readonly ScalarKey<In<S>>[];
}
type Scalar = string | number | boolean | null | undefined;
type ScalarKey<I> = I extends object ? keyof {
    [K in keyof I as I[K] extends Scalar ? K : never]: unknown;
} & string : never;
/**
 * A call: one request, then one response or one of the declared faults. Omitted shapes are `nothing`.
 *
 * @throws TypeError if one is no Standard Schema
 */
export declare const requestResponse: <Q extends Sent = Nothing, R extends Sent = Nothing, F extends Shapes = NoFaults>(of: {
    readonly request?: Q;
    readonly response?: R;
    readonly faults?: F;
    /** Running it twice is as good as once, so it may be retried where the first outcome is unknown. */
    readonly idempotent?: boolean;
} & Seen<Q>) => RequestResponse<Q, R, F>;
/** A message without an answer. @throws TypeError if it is no Standard Schema */
export declare const oneWay: <M extends Sent>(message: M, options?: Seen<M>) => OneWay<M>;
/**
 * A request, then items both ways, each direction until its sender ends it: `up` from the one who asked, `down` from the
 * one who serves. A direction of `bytes` carries chunks, which may arrive cut and joined; one of `nothing` carries none.
 *
 * @throws TypeError if a shape is no Standard Schema
 */
export declare const stream: <Q extends Sent = Nothing, U extends Sent = Nothing, D extends Sent = Nothing>(of: {
    readonly request?: Q;
    readonly up?: U;
    readonly down?: D;
    /** Top-level scalar fields of the request or of `up` items that policy rules may read as `body.NAME`. */
    readonly visible?: readonly (ScalarKey<In<Q>> | ScalarKey<In<U>>)[];
}) => Stream<Q, U, D>;
/**
 * Messages to whoever listens. The subject template names what a message is about, as in `{room}.{sensor}`; with `retain` who
 * subscribes gets the last message of each subject first.
 *
 * @throws TypeError if it is no Standard Schema; RangeError on a template outside the grammar of spec/contract.md
 */
export declare const topic: <M extends Sent, const S extends string = ''>(message: M, options?: {
    readonly subject?: S;
    readonly retain?: boolean;
} & Seen<M>) => Topic<M, S>;
/**
 * Messages that wait for a consumer, each handed out until one acknowledges it. The subject template is as of a topic.
 *
 * @throws TypeError if it is no Standard Schema; RangeError on a template or settings outside their bounds
 */
export declare const queue: <M extends Sent, const S extends string = ''>(message: M, options?: {
    readonly subject?: S;
} & Partial<QueueSettings> & Seen<M>) => Queue<M, S>;

// dist/contract/queuesettings.d.ts

/** How a queue treats its messages; every time in ms, and all whole numbers of at most 2^31-1. */
export interface QueueSettings {
    /** How long a consumer has a message before others get it; 30,000 if omitted. */
    readonly leaseMs: number;
    /** How often a message is handed out before it is a dead letter; 5 if omitted. */
    readonly maxDeliveries: number;
    /** The pause before the second delivery; it doubles with each, up to `backoffCapMs`. 1,000 and 60,000 if omitted. */
    readonly backoffMs: number;
    readonly backoffCapMs: number;
    /** How long a key makes a second message of it a duplicate; 120,000 if omitted. */
    readonly dedupeMs: number;
    /** Messages kept, dead letters among them; 100,000 if omitted. */
    readonly maxMessages: number;
}
/** CO-37: the settings of a queue; frozen. @throws RangeError on one that is unknown or outside its bounds */
export declare const queueSettings: (given?: Partial<QueueSettings>) => QueueSettings;

// dist/contract/row.d.ts

import type { Hash } from '../crypto/provider.js';
import { type Flow, type RowFlow } from './flow.js';
import type { Kind } from './kinds.js';
import type { Operation, Operations, Terms } from './operation.js';
/** What two peers must hold in common of an operation: everything Sotto itself enforces, and no shape. */
export interface Row extends Terms {
    readonly name: string;
    readonly kind: Kind;
    /** CV-6: of a step of the contract's flow alone. */
    readonly flow?: RowFlow | undefined;
}
/** The row of one operation; frozen. */
export declare const rowOf: (name: string, operation: Operation, flow?: Flow) => Row;
/** CO-16: the rows of a contract, rising bytewise by name; a row's index is its number on the wire. */
export declare const rowsOf: (contract: {
    readonly operations: Operations;
    readonly flow?: Flow | undefined;
}) => readonly Row[];
/**
 * CO-17: the digest two peers compare. 32 bytes, freshly allocated.
 *
 * @param hash SHA-256 of a crypto provider
 */
export declare const rowDigest: (hash: Hash, row: Row) => Uint8Array;
/** What of a row is hashed: the members it has, and no others, least of all a schema (CO-38). */
export declare const membersOf: (row: Row) => {
    name: string;
    kind: "oneWay" | "queue" | "requestResponse" | "stream" | "topic";
    subject: string;
    faults: readonly string[];
    visible: readonly string[];
    retain: boolean;
    idempotent: boolean;
    up?: "bytes" | "items" | "nothing";
    down?: "bytes" | "items" | "nothing";
    flow?: RowFlow;
};

// dist/contract/shape.d.ts

import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Wire } from '../cbor.js';
/** Any Standard Schema. `I` is what the wire carries, `O` what the receiver is handed. */
export type Shape<I = unknown, O = I> = StandardSchemaV1<I, O>;
/** What a shape's sender gives, and what the wire carries. */
export type In<S extends Shape> = StandardSchemaV1.InferInput<S>;
/** What a shape's receiver gets. */
export type Out<S extends Shape> = StandardSchemaV1.InferOutput<S>;
/** What JSON Schema says of what it has no word for: that no value is taken, and, as OpenAPI 3.1 does, bytes. */
export declare const NO_VALUE: Readonly<{
    not: Readonly<{}>;
}>;
export declare const BYTES: Readonly<{
    contentMediaType: "application/octet-stream";
}>;
/** No value: an empty body, `undefined` on both sides. */
export declare const nothing: Shape<undefined>;
/** A byte string as it is. */
export declare const bytes: Shape<Uint8Array>;
export type Nothing = typeof nothing;
/** True where no value is carried. `any` stands for every value, so it is none of these. */
export type IsNothing<S extends Shape> = 0 extends 1 & In<S> ? false : [In<S>] extends [undefined] ? true : false;
/** A shape that may be sent: its input is a wire value, or nothing at all. */
export type Sent = Shape<Wire, unknown> | Nothing;
export type Shapes = Readonly<Record<string, Sent>>;
/** @throws TypeError if `shape` is no Standard Schema of version 1 */
export declare const checkShape: (shape: Shape) => void;

// dist/contract/subject.d.ts

/** The parameters of a subject template, as in `{room}.{sensor}`: their names, as a type. */
export type SubjectNames<S extends string> = S extends `${string}{${infer P}}${infer Rest}` ? P | SubjectNames<Rest> : never;
/** What a message is about: a token for each parameter. */
export type Subject<S extends string> = {
    readonly [P in SubjectNames<S>]: string;
};
type Part = {
    readonly is: 'literal';
    readonly text: string;
} | {
    readonly is: 'parameter';
    readonly name: string;
};
/** A subject template, read once; plain frozen data. */
export interface Template {
    /** As it stands in the row. */
    readonly text: string;
    readonly parts: readonly Part[];
}
/**
 * CO-33: up to 16 elements joined by dots, each a token or a parameter in braces, no parameter twice. Empty for no subject.
 * @throws RangeError
 */
export declare const parseTemplate: (text: string) => Template;
/** Bytes of the shortest subject of a template. */
export declare const shortest: ({ parts }: Template) => number;
/**
 * CO-34: the subject that parameters make, as in `kitchen.a`; with `wild` one that is not given is `*`.
 *
 * @param template as `topic` and `queue` keep it; a text is parsed at each call
 * @throws RangeError on what is no token, and on a parameter that the template lacks
 */
export declare const subjectOf: (template: Template | string, parameters: Readonly<Record<string, string | undefined>>, wild?: boolean) => string;
/** CO-34: the parameters of a subject that fits the template; frozen, and inherits nothing. */
export declare const parametersOf: (template: Template | string, subject: string) => Readonly<Record<string, string>>;
/** CO-34: whether a text is a subject of the template; with `wild`, CO-35, `*` may stand for a whole token of a parameter. */
export declare const fits: (template: Template | string, subject: string, wild: boolean) => boolean;
/** CO-35: whether a filter, in which `*` stands for any one token, takes a subject. */
export declare const takes: (filter: string, subject: string) => boolean;
export {};

// dist/crypto/provider.d.ts

/**
 * The one synchronous interface to cryptography (spec/crypto.md), of two providers that agree on every byte (CR-1).
 * All arguments are borrowed and never kept or written, except `out`. All results are freshly allocated, plain
 * Uint8Arrays that share memory with nothing. A key used after `erase` throws a TypeError.
 */
export type DhName = '25519' | '448';
export type CipherName = 'ChaChaPoly' | 'AESGCM';
export type HashName = 'SHA256' | 'SHA512' | 'BLAKE2s' | 'BLAKE2b';
export interface Provider {
    readonly name: 'noble' | 'native';
    /** True where AES-GCM has hardware-backed native code; a provider without it never offers AESGCM suites. */
    readonly nativeAes: boolean;
    readonly dh: Readonly<Record<DhName, Dh>>;
    readonly cipher: Readonly<Record<CipherName, Cipher>>;
    readonly hash: Readonly<Record<HashName, Hash>>;
    readonly mlkem768: Kem;
    readonly ed25519: Signature;
    /** `length` bytes from the system's generator. */
    randomBytes(length: number): Uint8Array;
}
export interface KeyPair {
    readonly secretKey: Uint8Array;
    readonly publicKey: Uint8Array;
}
export interface Dh {
    readonly name: DhName;
    /** DHLEN of the Noise specification: 32 or 56 bytes; public, secret and shared alike. */
    readonly length: number;
    /** Imports once. `publicKey`, where known, saves deriving it and must belong to the secret. @throws crypto/bad-key on another length */
    importKey(secretKey: Uint8Array, publicKey?: Uint8Array): DhKey;
}
/** An imported secret key; a copy of the bytes is held until `erase`. */
export interface DhKey {
    readonly publicKey: Uint8Array;
    /** X25519 / X448 of RFC 7748. @throws crypto/bad-key on another length, crypto/zero-shared on an all-zero result */
    agree(publicKey: Uint8Array): Uint8Array;
    /** Overwrites the held bytes where the runtime lets us; the key must not be used again. */
    erase(): void;
}
export interface Cipher {
    readonly name: CipherName;
    /** Imports a 32-byte key once. @throws crypto/bad-key on another length */
    importKey(key: Uint8Array): AeadKey;
}
/** An imported AEAD key. `n` is the Noise nonce counter, an integer of 0..2^53-1, never sealed with twice (CR-20). */
export interface AeadKey {
    /**
     * Writes ciphertext and 16-byte tag to `out`, whose length must be plaintext + 16 and which must overlap neither
     * `plaintext` nor `ad`. @throws RangeError for a bad `n` or `out`, before a byte is sealed
     */
    seal(n: number, ad: Uint8Array, plaintext: Uint8Array, out: Uint8Array): void;
    /** The plaintext, or undefined if authentication fails (ciphertexts under 16 bytes included). @throws RangeError for a bad `n` */
    open(n: number, ad: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined;
    /** REKEY of the Noise specification 4.2: the first 32 bytes of sealing 32 zeros with nonce 2^64-1. */
    rekey(): AeadKey;
    /** Overwrites the held bytes; the key must not be used again. */
    erase(): void;
}
export interface Hash {
    readonly name: HashName;
    /** HASHLEN: 32 or 64 bytes. */
    readonly length: number;
    /** BLOCKLEN: 64 or 128 bytes. */
    readonly blockLength: number;
    /** The digest of the parts joined. */
    digest(...parts: readonly Uint8Array[]): Uint8Array;
    /** HMAC (RFC 2104) of the parts joined. */
    hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array;
}
export interface Kem {
    readonly publicKeyLength: 1184;
    readonly ciphertextLength: 1088;
    readonly secretLength: 32;
    /** Imports the 64-byte seed `d | z` of FIPS 203. @throws crypto/bad-key on another length */
    importKey(seed: Uint8Array): KemKey;
    /** @throws crypto/bad-key on a wrong length or a modulus check that fails; `m` (32 bytes) is for tests */
    encapsulate(publicKey: Uint8Array, m?: Uint8Array): {
        readonly ciphertext: Uint8Array;
        readonly secret: Uint8Array;
    };
}
/** An imported decapsulation key; held until `erase`. */
export interface KemKey {
    readonly publicKey: Uint8Array;
    /** Implicit rejection: a wrong ciphertext gives an unrelated secret. @throws crypto/bad-key on another length */
    decapsulate(ciphertext: Uint8Array): Uint8Array;
    erase(): void;
}
export interface Signature {
    /** `secretKey` is the 32-byte seed of RFC 8032. */
    generateKeyPair(secretKey?: Uint8Array): KeyPair;
    sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array;
    /** Strict RFC 8032 verification, not ZIP215. False on any malformed input. */
    verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

// dist/errors.d.ts

export declare const ERRORS: {
    readonly 'cbor/malformed': {
        readonly scope: 'message';
        readonly wire: 0;
        readonly means: 'bytes that are not one well-formed CBOR item';
    };
    readonly 'cbor/forbidden': {
        readonly scope: 'message';
        readonly wire: 0;
        readonly means: 'well-formed CBOR outside the profile';
    };
    readonly 'cbor/limit': {
        readonly scope: 'message';
        readonly wire: 0;
        readonly means: 'too deep, too many items, too many keys or too long';
    };
    readonly 'cbor/unencodable': {
        readonly scope: 'message';
        readonly wire: 0;
        readonly means: 'a value that has no form in the profile';
    };
    readonly 'crypto/unavailable': {
        readonly scope: 'session';
        readonly wire: 0;
        readonly means: 'no provider here offers the algorithm';
    };
    readonly 'crypto/bad-key': {
        readonly scope: 'session';
        readonly wire: 0;
        readonly means: 'a key of the wrong length or form';
    };
    readonly 'crypto/zero-shared': {
        readonly scope: 'session';
        readonly wire: 0;
        readonly means: 'a Diffie-Hellman result of all zeros';
    };
    readonly 'noise/protocol': {
        readonly scope: 'session';
        readonly wire: 0;
        readonly means: 'a protocol name or option the framework does not allow';
    };
    readonly 'noise/failed': {
        readonly scope: 'session';
        readonly wire: 0;
        readonly means: 'a handshake message failed; the handshake is dead';
    };
    readonly 'noise/misuse': {
        readonly scope: 'session';
        readonly wire: 0;
        readonly means: 'out of turn, already finished or already failed';
    };
    readonly 'noise/decrypt': {
        readonly scope: 'session';
        readonly wire: 0;
        readonly means: 'a transport message failed authentication';
    };
    readonly 'noise/exhausted': {
        readonly scope: 'session';
        readonly wire: 0;
        readonly means: 'the nonce limit of a key is reached';
    };
    readonly 'channel/forged': {
        readonly scope: 'session';
        readonly wire: 0;
        readonly means: 'a record failed to open';
    };
    readonly 'channel/malformed': {
        readonly scope: 'session';
        readonly wire: 0;
        readonly means: 'a record with an impossible length or layout';
    };
    readonly 'channel/exhausted': {
        readonly scope: 'session';
        readonly wire: 0;
        readonly means: 'the record ceiling of a key or session is reached';
    };
    readonly 'channel/truncated': {
        readonly scope: 'session';
        readonly wire: 0;
        readonly means: "the transport ended without the peer's END";
    };
    readonly 'contract/unserved': {
        readonly scope: 'session';
        readonly wire: 17;
        readonly means: 'a contract or operation the other end does not serve';
    };
    readonly 'contract/changed': {
        readonly scope: 'session';
        readonly wire: 18;
        readonly means: 'an operation whose row differs at the other end';
    };
    readonly 'contract/invalid': {
        readonly scope: 'exchange';
        readonly wire: 19;
        readonly means: 'a value its shape or the wire profile refuses';
    };
    readonly 'contract/malformed': {
        readonly scope: 'message';
        readonly wire: 0;
        readonly means: 'an exported contract that does not load';
    };
    readonly 'identity/malformed': {
        readonly scope: 'message';
        readonly wire: 0;
        readonly means: 'an identity or secret text that does not parse';
    };
    readonly 'identity/mismatch': {
        readonly scope: 'session';
        readonly wire: 0;
        readonly means: 'the peer proved another key than the one expected';
    };
    readonly 'identity/changed': {
        readonly scope: 'session';
        readonly wire: 0;
        readonly means: 'the endpoint proved another key than the one remembered';
    };
    readonly 'identity/self': {
        readonly scope: 'session';
        readonly wire: 0;
        readonly means: 'the peer proved our own key';
    };
    readonly 'identity/not-trusted': {
        readonly scope: 'session';
        readonly wire: 16;
        readonly means: 'nothing here trusts the key that was proved';
    };
    readonly 'identity/credential': {
        readonly scope: 'message';
        readonly wire: 0;
        readonly means: 'a credential that does not parse, verify or hold';
    };
    readonly 'identity/file': {
        readonly scope: 'message';
        readonly wire: 0;
        readonly means: 'a file of keys or trust that cannot be used safely';
    };
    readonly 'policy/malformed': {
        readonly scope: 'message';
        readonly wire: 0;
        readonly means: 'a policy document that does not load';
    };
    readonly 'policy/denied': {
        readonly scope: 'exchange';
        readonly wire: 32;
        readonly means: 'no rule allows it, or one denies it';
    };
    readonly 'policy/limited': {
        readonly scope: 'exchange';
        readonly wire: 33;
        readonly means: 'a limit of a matching rule has no room';
    };
    readonly 'audit/broken': {
        readonly scope: 'message';
        readonly wire: 0;
        readonly means: 'a line of an audit log that does not fit';
    };
    readonly 'audit/file': {
        readonly scope: 'message';
        readonly wire: 0;
        readonly means: 'a file of an audit log that cannot be read';
    };
    readonly 'audit/sink': {
        readonly scope: 'message';
        readonly wire: 0;
        readonly means: 'the sink of an audit log failed, or cannot be used';
    };
    readonly 'audit/limit': {
        readonly scope: 'message';
        readonly wire: 0;
        readonly means: 'audit logs that differ in more than is compared at once';
    };
    readonly 'session/malformed': {
        readonly scope: 'session';
        readonly wire: 1;
        readonly means: 'bytes that are no packet, payload or frame';
    };
    readonly 'session/unexpected': {
        readonly scope: 'session';
        readonly wire: 2;
        readonly means: 'a packet or frame the state table does not allow here';
    };
    readonly 'session/suite': {
        readonly scope: 'session';
        readonly wire: 0;
        readonly means: 'no common suite, or one that was not offered';
    };
    readonly 'session/limit': {
        readonly scope: 'session';
        readonly wire: 3;
        readonly means: 'a declared limit was exceeded';
    };
    readonly 'session/timeout': {
        readonly scope: 'session';
        readonly wire: 4;
        readonly means: 'a handshake, keepalive or close took too long';
    };
    readonly 'session/lost': {
        readonly scope: 'session';
        readonly wire: 0;
        readonly means: 'the session ended with work open';
    };
    readonly 'session/closed': {
        readonly scope: 'session';
        readonly wire: 5;
        readonly means: 'the session is closing or closed';
    };
    readonly 'session/service': {
        readonly scope: 'session';
        readonly wire: 6;
        readonly means: 'the requested service is not here';
    };
    readonly 'session/extension': {
        readonly scope: 'session';
        readonly wire: 7;
        readonly means: 'a critical extension is unknown';
    };
    readonly 'session/busy': {
        readonly scope: 'session';
        readonly wire: 8;
        readonly means: 'an admission budget of this end is used up';
    };
    readonly 'call/cancelled': {
        readonly scope: 'exchange';
        readonly wire: 48;
        readonly means: 'the caller or this end cancelled the exchange';
    };
    readonly 'call/deadline': {
        readonly scope: 'exchange';
        readonly wire: 49;
        readonly means: 'the deadline passed';
    };
    readonly 'call/fault': {
        readonly scope: 'exchange';
        readonly wire: 50;
        readonly means: 'a fault the contract declares';
    };
    readonly 'call/internal': {
        readonly scope: 'exchange';
        readonly wire: 51;
        readonly means: 'the handler failed in an undeclared way';
    };
    readonly 'call/too-large': {
        readonly scope: 'exchange';
        readonly wire: 52;
        readonly means: 'a message over the limit the other end declared';
    };
    readonly 'flow/refused': {
        readonly scope: 'exchange';
        readonly wire: 64;
        readonly means: 'a step its conversation does not allow now';
    };
    readonly 'topic/slow': {
        readonly scope: 'exchange';
        readonly wire: 80;
        readonly means: 'a subscription whose reader was too slow for it';
    };
    readonly 'broker/full': {
        readonly scope: 'exchange';
        readonly wire: 81;
        readonly means: 'a store of messages with no room for another';
    };
    readonly 'queue/lapsed': {
        readonly scope: 'message';
        readonly wire: 0;
        readonly means: 'a delivery whose lease is over or that was settled';
    };
    readonly 'broker/failed': {
        readonly scope: 'exchange';
        readonly wire: 82;
        readonly means: 'the store of messages failed';
    };
    readonly 'broker/corrupt': {
        readonly scope: 'message';
        readonly wire: 0;
        readonly means: 'a stored message that is not as it was written';
    };
    readonly 'transport/failed': {
        readonly scope: 'session';
        readonly wire: 0;
        readonly means: 'the byte transport failed';
    };
};
export type ErrorCode = keyof typeof ERRORS;
/** The code of a wire number other than 0, which is none (ER-2), or undefined. */
export declare const codeOfWire: (wire: number) => ErrorCode | undefined;
/** Details by code; a code not listed has none. */
export interface ErrorDetails {
    'policy/denied': {
        readonly decision: string;
        readonly address: string;
    };
    'policy/limited': {
        readonly decision: string;
        readonly address: string;
    };
    'policy/malformed': {
        readonly path: string;
    };
    'audit/broken': {
        readonly line: number;
    };
    'call/fault': {
        readonly name: string;
        readonly data: unknown;
    };
    'call/internal': {
        readonly incident: string;
    };
    'channel/truncated': {
        readonly records: number;
    };
    'contract/unserved': {
        readonly contract: string;
        readonly operation?: string;
    };
    /** `field` of the row, at the end that refused, where one alone differs. */
    'contract/changed': {
        readonly contract: string;
        readonly operation: string;
        readonly field?: string;
    };
    'contract/invalid': {
        readonly path: string;
    };
    'contract/malformed': {
        readonly path: string;
    };
    /** `expected`: the operations that may come now. */
    'flow/refused': {
        readonly state: string;
        readonly expected: readonly string[];
    };
    'identity/mismatch': {
        readonly expected: string;
        readonly seen: string;
    };
    'identity/changed': {
        readonly known: string;
        readonly seen: string;
    };
}
export type DetailsOf<K extends ErrorCode> = K extends keyof ErrorDetails ? ErrorDetails[K] : Readonly<Record<never, never>>;
/** Whether the other side did what was asked: surely not, possibly, surely. */
export type Ran = 'no' | 'maybe' | 'yes';
/**
 * The one error of Sotto. Switch on `code`; the text of `message` is for people and may change.
 * Never carries keys, plaintext or the peer's bytes.
 */
export declare class SottoError<K extends ErrorCode = ErrorCode> extends Error {
    readonly code: K;
    readonly details: DetailsOf<K>;
    readonly ran: Ran;
    private constructor();
    /** True if `error` is a SottoError of `code`; narrows `details`. */
    static is<K extends ErrorCode>(error: unknown, code: K): error is SottoError<K>;
}

// dist/identity/auditor.d.ts

import type { Provider } from '../crypto/provider.js';
import { type AuditorId } from './id.js';
/**
 * ID-51: an Ed25519 key pair that signs the checkpoints of an audit log. Only the id is to be seen, as with an `Identity`. Made by
 * `generateAuditor`, `parseAuditor` and `readAuditor`.
 */
export declare class Auditor {
    #private;
    /** The public form, to be given to whoever shall verify its logs. */
    readonly id: AuditorId;
    private constructor();
    toString(): string;
    toJSON(): string;
}
/** A new auditor from the system's random generator. */
export declare const generateAuditor: (provider?: Provider) => Auditor;
/**
 * The auditor of a secret text, as `sotto keygen --audit` writes it: `SOTTOLOG-SECRET-1…`, 76 characters.
 *
 * @throws SottoError identity/malformed; the message holds nothing of the text
 */
export declare const parseAuditor: (secretText: string, provider?: Provider) => Auditor;

// dist/identity/credential.d.ts

import type { Provider } from '../crypto/provider.js';
import { type IssuerId, type PeerId } from './id.js';
import { type Statement } from './statement.js';
/** Bytes of a credential, at most (ID-22). */
export declare const MAX_CREDENTIAL = 4096;
/** ID-27: how far two clocks may be apart, unless said. */
export declare const SKEW_MS = 60000;
/** The largest skew that may be said: a quarter of an hour. */
export declare const MAX_SKEW_MS = 900000;
/** By what a credential is judged. */
export interface Verification {
    /** The key that was proved. */
    readonly id: PeerId;
    readonly trusts: (issuer: IssuerId) => boolean;
    readonly unixMs: number;
    readonly skewMs: number;
    readonly provider: Provider;
}
/**
 * What a credential says. Nobody has vouched for it: to be shown to a person, and no more.
 *
 * @throws SottoError identity/credential if it is none
 */
export declare const decodeCredential: (credential: Uint8Array) => Statement;

// dist/identity/expected.d.ts

import type { Provider } from '../crypto/provider.js';
import { type IssuerId, type PeerId } from './id.js';
import { type Peer } from './peer.js';
import type { TrustStore } from './trust.js';
/** Whom a dialler means to reach: a key, a name that an issuer vouches for, or the key an endpoint had before. */
export type Expected = PeerId | {
    readonly name: string;
    readonly issuer: IssuerId | TrustStore;
} | {
    readonly endpoint: string;
    readonly known: KnownKeys;
};
/** The keys that endpoints proved before. For those who dial alone. */
export interface KnownKeys {
    /** `strict` reaches nobody whose key is not there; `accept-new` takes the first key of an endpoint, where it is remembered. */
    readonly mode: 'strict' | 'accept-new';
    known(endpoint: string): PeerId | undefined;
}
/** What the other end of a handshake has shown. */
export interface Shown {
    /** The static key the handshake proved, 32 bytes, borrowed. */
    readonly remoteStatic: Uint8Array;
    /** Our own, 32 bytes, borrowed. */
    readonly ownStatic: Uint8Array;
    readonly credential: Uint8Array | undefined;
    /** Unix time in ms. */
    readonly unixMs: number;
    readonly provider: Provider;
}
/** Proof that the initiator's peer is the one it meant to reach. Only `check` makes one, and message 3 needs one. */
export declare class CheckedPeer {
    #private;
    private constructor();
    get peer(): Peer;
    /**
     * ID-9: the peer is the expected one.
     *
     * @throws SottoError identity/malformed, identity/self, and as `judge`
     */
    static check(expected: Expected, shown: Shown): CheckedPeer;
}
/** What cannot be anyone is known before a byte is sent. @throws SottoError identity/malformed */
export declare const checkExpected: (expected: Expected) => void;

// dist/identity/id.d.ts

/** The text of an X25519 public key: compared whole, never by a part. */
export type PeerId = `sotto1${string}`;
/**
 * The id of a 32-byte X25519 public key; the one place an id is made.
 *
 * @throws SottoError identity/malformed on another length or a non-canonical key
 */
export declare const peerIdOf: (publicKey: Uint8Array) => PeerId;
/**
 * The 32-byte public key of an id, freshly allocated.
 *
 * @throws SottoError identity/malformed unless `text` is exactly what `peerIdOf` writes
 */
export declare const parsePeerId: (text: string) => Uint8Array;
/**
 * A text from outside, as of a command line or a file, as the id that it is.
 *
 * @throws SottoError identity/malformed unless it is one
 */
export declare const peerId: (text: string) => PeerId;
/** The text of an issuer's Ed25519 public key: compared whole, never by a part. */
export type IssuerId = `sottoca1${string}`;
/** The id of a 32-byte Ed25519 public key; the one place an issuer's id is made. @throws RangeError on another length */
export declare const issuerIdOf: (publicKey: Uint8Array) => IssuerId;
/**
 * The 32-byte public key of an issuer's id, freshly allocated.
 *
 * @throws SottoError identity/malformed unless `text` is exactly what `issuerIdOf` writes
 */
export declare const parseIssuerId: (text: string) => Uint8Array;
/**
 * A text from outside as the issuer's id that it is.
 *
 * @throws SottoError identity/malformed unless it is one
 */
export declare const issuerId: (text: string) => IssuerId;
/** The text of an auditor's Ed25519 public key: compared whole, never by a part. */
export type AuditorId = `sottolog1${string}`;
/** The id of a 32-byte Ed25519 public key; the one place an auditor's id is made. @throws RangeError on another length */
export declare const auditorIdOf: (publicKey: Uint8Array) => AuditorId;
/**
 * The 32-byte public key of an auditor's id, freshly allocated.
 *
 * @throws SottoError identity/malformed unless `text` is exactly what `auditorIdOf` writes
 */
export declare const parseAuditorId: (text: string) => Uint8Array;
/**
 * A text from outside as the auditor's id that it is.
 *
 * @throws SottoError identity/malformed unless it is one
 */
export declare const auditorId: (text: string) => AuditorId;
/** ID-3: 32 bytes, bit 255 clear and below 2^255-19, so that a key has one spelling (RFC 7748 section 5 would mask and reduce). */
export declare const isCanonicalX25519: (u: Uint8Array) => boolean;

// dist/identity/identity.d.ts

import type { Provider } from '../crypto/provider.js';
import { type PeerId } from './id.js';
/**
 * An X25519 key pair that says who a process is. Only the id is to be seen: printing, inspecting, serialising and
 * cloning give no secret. Made by `generateIdentity`, `parseIdentity` and `readIdentity`.
 */
export declare class Identity {
    #private;
    /** The public form, to be given to whoever shall trust this process. */
    readonly id: PeerId;
    private constructor();
    /**
     * The same key, which shows `credential` (copied) to those it meets, in place of one shown before. Whether it still holds
     * is for them to say.
     *
     * @throws SottoError identity/credential unless it is a credential of this key
     */
    with(credential: Uint8Array): Identity;
    toString(): string;
    toJSON(): string;
}
/** A new identity from the system's random generator. */
export declare const generateIdentity: (provider?: Provider) => Identity;
/**
 * The identity of a secret text, as `sotto keygen` writes it: `SOTTO-SECRET-1…`, 73 characters.
 *
 * @throws SottoError identity/malformed; the message holds nothing of the text
 */
export declare const parseIdentity: (secretText: string, provider?: Provider) => Identity;

// dist/identity/issue.d.ts

import type { Provider } from '../crypto/provider.js';
import { type Issuer } from './issuer.js';
import type { Claims } from './peer.js';
import { Possession } from './possession.js';
/** What a credential shall say. */
export interface Grant {
    /** Whose key: shown to this process by a proof, or by a session. */
    readonly possession: Possession;
    /** A SPIFFE ID with a path, at most 255 characters. */
    readonly name?: string;
    /** At most 64, of 1 to 64 letters, digits, `-` or `_` each. */
    readonly roles?: readonly string[];
    /** At most 64, named like roles; numbers are integers. */
    readonly claims?: Claims;
    /** Unix time, cut to a whole second; at most 400 days behind the beginning. */
    readonly expiresMs: number;
    /** Unix time, cut to a whole second; when the possession was shown, unless said. */
    readonly notBeforeMs?: number;
}
/**
 * A signed credential: at most 4,096 bytes, freshly allocated.
 *
 * @throws SottoError identity/credential if it would say what no credential may, or be too long; TypeError on a possession
 * that nothing showed
 */
export declare const issueCredential: (issuer: Issuer, grant: Grant, provider?: Provider) => Uint8Array;

// dist/identity/issuer.d.ts

import type { Provider } from '../crypto/provider.js';
import { type IssuerId } from './id.js';
/**
 * An Ed25519 key pair that signs credentials. Only the id is to be seen, as with an `Identity`. Made by `generateIssuer`,
 * `parseIssuer` and `readIssuer`.
 */
export declare class Issuer {
    #private;
    /** The public form, to be given to whoever shall trust what this issuer says. */
    readonly id: IssuerId;
    private constructor();
    toString(): string;
    toJSON(): string;
}
/** A new issuer from the system's random generator. */
export declare const generateIssuer: (provider?: Provider) => Issuer;
/**
 * The issuer of a secret text, as `sotto keygen --issuer` writes it: `SOTTOCA-SECRET-1…`, 75 characters.
 *
 * @throws SottoError identity/malformed; the message holds nothing of the text
 */
export declare const parseIssuer: (secretText: string, provider?: Provider) => Issuer;

// dist/identity/peer.d.ts

import { type PeerId } from './id.js';
/** What a credential says of its subject beside name and roles; policies read it as `claim.NAME`. */
export type Claims = Readonly<Record<string, string | number | boolean>>;
/** The authenticated other end, as policy and handlers see it; frozen. */
export interface Peer {
    readonly id: PeerId;
    /** The subject of a credential. */
    readonly name?: string;
    readonly roles: readonly string[];
    readonly claims: Claims;
    /** When trust in it ends, in Unix milliseconds: what a check says no to from then on. A pin has none. */
    readonly expiresMs?: number;
}
/** A peer of whom nothing is known but the key it proved. */
export declare const pinnedPeer: (id: PeerId) => Peer;
/**
 * ID-43: whether `next`, which the judge of `peer` made of a new credential, prolongs it: the same key and name, and a later end.
 * A pinned peer has no end, so nothing prolongs it.
 */
export declare const renewed: (peer: Peer, next: Peer | undefined) => next is Peer;
/**
 * The id of a static key that a handshake proved: both ends ask this first.
 *
 * @param remoteStatic 32 bytes, borrowed
 * @param ownStatic 32 bytes, borrowed
 * @throws SottoError identity/malformed if it is not canonical, identity/self if it is our own
 */
export declare const provedId: (remoteStatic: Uint8Array, ownStatic: Uint8Array) => PeerId;

// dist/identity/possession.d.ts

import type { Provider } from '../crypto/provider.js';
import { type IssuerId, type PeerId } from './id.js';
import { type Identity } from './identity.js';
import { type Issuer } from './issuer.js';
/** How long a challenge can be answered (ID-32). */
export declare const CHALLENGE_MS = 600000;
/**
 * ID-30: that the secret key of `id` answered to this process. A credential is issued to nothing else, and only two functions give
 * one: `checkProof` and `possessionOf` of a session.
 */
export declare class Possession {
    #private;
    /** Unix time at which it was shown. */
    readonly shownMs: number;
    private constructor();
    get id(): PeerId;
}
/**
 * What the owner of a key must answer to have it certified: `sotto-challenge-1…`, no secret, good for 10 minutes. The issuer
 * keeps nothing of it.
 */
export declare const makeChallenge: (issuer: Issuer, unixMs: number, provider?: Provider) => string;
/**
 * The answer of `identity` to a challenge of `issuer` and of no other: `sotto-proof-1…`. It holds no secret, and is worth
 * nothing to anyone but that issuer.
 *
 * @throws SottoError identity/malformed, crypto/zero-shared
 */
export declare const proveIdentity: (identity: Identity, challenge: string, issuer: IssuerId, provider?: Provider) => string;
/**
 * The possession that a proof shows to `issuer`.
 *
 * @throws SottoError identity/malformed, crypto/zero-shared, identity/credential if it answers no challenge of this issuer,
 * or too late
 */
export declare const checkProof: (issuer: Issuer, proof: string, unixMs: number, provider?: Provider) => Possession;

// dist/identity/statement.d.ts

import { type IssuerId, type PeerId } from './id.js';
import type { Claims } from './peer.js';
/** What a credential says of a key. It is worth what its issuer's signature is. */
export interface Statement {
    readonly issuer: IssuerId;
    /** The key it speaks of. */
    readonly id: PeerId;
    /** A SPIFFE ID with a path. */
    readonly name?: string;
    /** Rising, each once. */
    readonly roles: readonly string[];
    readonly claims: Claims;
    /** Unix time in ms, whole seconds. */
    readonly notBeforeMs: number;
    /** Unix time in ms, whole seconds: it ends then. */
    readonly expiresMs: number;
    /** 16 bytes in hex; names this credential. */
    readonly serial: string;
}
/** ID-22: what is scanned before anything is made of it. */
export declare const BOUNDS: {
    readonly depth: 8;
    readonly items: 256;
};
export declare const MAX_ROLES = 64;
export declare const MAX_CLAIMS = 64;
/** ID-26: 400 days. */
export declare const LONGEST_MS: number;
export declare const isSerial: (text: unknown) => text is string;
/** @throws SottoError identity/credential if it says what no credential may */
export declare const encodeStatement: (statement: Statement) => Uint8Array;
/** ID-23: what `encodeStatement` wrote, frozen. @throws SottoError identity/credential on any other bytes */
export declare const decodeStatement: (bytes: Uint8Array) => Statement;

// dist/identity/trust.d.ts

import type { Provider } from '../crypto/provider.js';
import { type IssuerId, type PeerId } from './id.js';
import { type Peer } from './peer.js';
/** Entries of each kind that a store holds at most (ID-13, ID-47). */
export declare const MAX_PINS = 65536;
export declare const MAX_ISSUERS = 64;
export declare const MAX_REVOKED_IDS = 65536;
export declare const MAX_REVOKED_SERIALS = 65536;
/** A key that is trusted, or an issuer whose credentials are. */
export type TrustEntry = PeerId | IssuerId;
/** A key whose trust is withdrawn, or one credential by its serial: 32 hex digits. */
export type Revoked = PeerId | {
    readonly serial: string;
};
/** Whom to trust, as a trust file says it. What is revoked is not trusted, even if it is listed. */
export interface Trust {
    readonly trusted: readonly TrustEntry[];
    readonly revoked?: readonly Revoked[];
}
/** Whom a process trusts. It can be changed while sessions live: those of a peer no longer trusted end. */
export interface TrustStore {
    /** Trusts the key of `id`, revoked or not. @throws SottoError identity/malformed; RangeError over 65,536 pins */
    pin(id: PeerId): void;
    /** Trusts credentials of one more issuer. @throws SottoError identity/malformed; RangeError over 64 issuers */
    addIssuer(id: IssuerId): void;
    /** Trusts its credentials no more; nothing happens if they were not trusted. @throws SottoError identity/malformed */
    removeIssuer(id: IssuerId): void;
    /**
     * Trusts a key, or one credential, no more. It is remembered, so that no credential brings it back. Kept until the process
     * ends; `pin` lifts that of a key.
     *
     * @throws SottoError identity/malformed; RangeError over 65,536 keys or serials: a pin is withdrawn all the same
     */
    revoke(what: Revoked): void;
    /**
     * Trusts exactly these pins and issuers. What is revoked stays so, and what `trust` revokes is added; on an error nothing is
     * changed.
     *
     * @throws SottoError identity/malformed; RangeError over a bound
     */
    replace(trust: readonly TrustEntry[] | Trust): void;
    /**
     * The peer of a key that is trusted at `unixMs` (Unix milliseconds): by its pin, else by its credential. A credential is
     * not looked at where no issuer is trusted.
     */
    check(id: PeerId, credential: Uint8Array | undefined, unixMs: number): Peer | undefined;
}
/**
 * @param options.skewMs how far the clock of an issuer may be from ours, 0 to 900,000; 60,000 unless said
 * @throws SottoError identity/malformed; RangeError over 65,536 pins, 64 issuers, or on another skew
 */
export declare const trustStore: (trust: readonly TrustEntry[] | Trust, options?: {
    readonly skewMs?: number;
    readonly provider?: Provider;
}) => TrustStore;

// dist/index.d.ts

export type { Broker, BrokerQueue, BrokerSubscription, BrokerTopic, DeadLetter as StoredDeadLetter, Enqueued, EnqueueSettings, Leased, Published, QueueMetrics, Settlement, Sink, } from './broker/broker.js';
export type { Clock } from './broker/clock.js';
export { type MemoryBrokerOptions, memoryBroker } from './broker/memory.js';
export type { Wire } from './cbor.js';
export { contractCddl } from './contract/cddl.js';
export { type ContractChange, contractChanges } from './contract/changes.js';
export { type Contract, type ContractExport, type ContractName, contract } from './contract/define.js';
export { parseContract } from './contract/exported.js';
export type { Flow } from './contract/flow.js';
export type { Verb } from './contract/kinds.js';
export { type OneWay, type Operation, type Operations, oneWay, type Queue, queue, type RequestResponse, requestResponse, type Stream, stream, type Topic, topic, } from './contract/operation.js';
export type { QueueSettings } from './contract/queuesettings.js';
export { bytes, nothing, type Shape } from './contract/shape.js';
export { type ErrorCode, type ErrorDetails, type Ran, SottoError } from './errors.js';
export { type Auditor, generateAuditor, parseAuditor } from './identity/auditor.js';
export { decodeCredential } from './identity/credential.js';
export type { Expected, KnownKeys } from './identity/expected.js';
export { type AuditorId, auditorId, type IssuerId, issuerId, type PeerId, peerId } from './identity/id.js';
export { generateIdentity, type Identity, parseIdentity } from './identity/identity.js';
export { type Grant, issueCredential } from './identity/issue.js';
export { generateIssuer, type Issuer, parseIssuer } from './identity/issuer.js';
export type { Claims, Peer } from './identity/peer.js';
export { checkProof, makeChallenge, type Possession, proveIdentity } from './identity/possession.js';
export type { Statement } from './identity/statement.js';
export { type Revoked, type Trust, type TrustEntry, type TrustStore, trustStore } from './identity/trust.js';
export { type AuditLines, type AuditOptions, auditLog } from './link/auditlog.js';
export type { AuditOverflow } from './link/auditqueue.js';
export type { AuditLog } from './link/auditwriter.js';
export type { Caps } from './link/caps.js';
export type { CallOptions, Served } from './link/face.js';
export { type Failure, type Host, host } from './link/host.js';
export { initiate } from './link/initiate.js';
export type { Link, Retry } from './link/link.js';
export { linkOver } from './link/linkover.js';
export type { LinkStatus } from './link/linkstate.js';
export type { DialOptions, HostOptions, Protocol } from './link/options.js';
export { possessionOf } from './link/possession.js';
export type { Connect } from './link/reach.js';
export type { Closed, Denial, Refusal, Session } from './link/session.js';
export { type Client, client } from './messaging/client.js';
export type { Context } from './messaging/context.js';
export { type At, converse } from './messaging/converse.js';
export { faultOf } from './messaging/fault.js';
export type { InstanceLimits } from './messaging/instances.js';
export type { ConsumeOptions, EnqueueOptions, QueueClient } from './messaging/queue.js';
export type { DeadLetter, QueueAdmin, Queues } from './messaging/queueadmin.js';
export type { Consumer, Delivery } from './messaging/queuedelivery.js';
export { type Handlers, type ServeOptions, type Service, serve } from './messaging/serve.js';
export type { Duplex } from './messaging/stream.js';
export type { Heard, SubscribeOptions, Subscription, TopicClient } from './messaging/topic.js';
export { toWeb, type WebStreams } from './messaging/webstream.js';
export type { Decision, Question, Verdict } from './policy/decide.js';
export type { ExplainedRule, Explanation, NearRule } from './policy/explain.js';
export type { Finding } from './policy/findings.js';
export type { Condition, Limit, Policy, Rule, Who } from './policy/rule.js';
export { type PolicyOptions, type PolicyStore, policyStore } from './policy/store.js';
export type { Admitted } from './session/gate.js';
export { memoryPair } from './transport/memory.js';
export { fromPort, type PortLike } from './transport/port.js';
export { fromStreams } from './transport/streams.js';
export type { Transport } from './transport/transport.js';
export { fromWebSocket, type WebSocketLike } from './transport/websocket.js';

// dist/link/auditfile.node.d.ts

import type { Auditor } from '../identity/auditor.js';
import { type AuditOptions } from './auditlog.js';
import { type AuditLog } from './auditwriter.js';
export interface AuditFileOptions extends AuditOptions {
    /** A file of so many bytes is followed by another: 64 MiB unless said, 4 KiB to 1 TiB. It is a write longer at most. */
    readonly rotateBytes?: number;
    /** Files kept behind PATH, as PATH.1, the newest, to PATH.8 unless said: 1 to 999. */
    readonly keep?: number;
    /** How long a line may wait to be synced to the disk: 1,000 ms unless said, 1 to 60,000. */
    readonly syncMs?: number;
}
/**
 * Takes up the log at `path`, or begins one, in files of mode 0600. What a killed process left is gone on with: a torn line is
 * cut off, and the log says so.
 *
 * @throws SottoError audit/sink if another writer is at work (after trying for about a second), others may write the file, or
 * it is no log of this auditor; RangeError, TypeError on options that cannot be
 */
export declare const auditFile: (path: string, auditor: Auditor, options?: AuditFileOptions) => Promise<AuditLog>;

// dist/link/auditlog.d.ts

import type { SottoError } from '../errors.js';
import type { Auditor } from '../identity/auditor.js';
import type { AuditOverflow } from './auditqueue.js';
import { type AuditLog } from './auditwriter.js';
export interface AuditOptions {
    /** Which records are dropped while there is no room: `drop-newest` unless said. */
    readonly overflow?: AuditOverflow;
    /** Bytes of the records that wait, each counted with 128 more: 1 MiB unless said, 32 KiB to 256 MiB. */
    readonly queueBytes?: number;
    /** A checkpoint is due after so many lines (1,000) and so long (60,000 ms) after the first line it has to sign. */
    readonly checkpoint?: {
        readonly records?: number;
        readonly everyMs?: number;
    };
    /** Is told when the sink fails or does not answer for 10 s; printed to standard error unless said. What it throws is dropped. */
    readonly failed?: (error: SottoError) => void;
}
/** What takes lines: a function or a stream. */
export type AuditLines = ((lines: Uint8Array) => void | Promise<void>) | WritableStream<Uint8Array>;
/**
 * Begins a log.
 *
 * @param sink takes whole lines, its own to keep. A call that throws or rejects must have taken none of them: it is made again
 * with the same bytes. The next call comes when the last has settled. A stream is locked, and closed with the log.
 * @throws RangeError, TypeError on options that cannot be, or a stream that is locked
 */
export declare const auditLog: (auditor: Auditor, sink: AuditLines, options?: AuditOptions) => AuditLog;

// dist/link/auditqueue.d.ts

/** What becomes of records while there is no room: the new one is dropped, or the oldest make room for it. */
export type AuditOverflow = 'drop-newest' | 'drop-oldest';
/** Records that were lost at one place: to the overflow of the queue, and to the sink. */
interface Gap {
    readonly dropped: number;
    readonly failed: number;
}
export interface Waiting {
    readonly record: Uint8Array;
    /** When it was taken. */
    readonly unixMs: number;
    /** What was lost right before it. */
    readonly gap: Gap;
}
/** The oldest records that wait, and what was lost behind them if no other waits. */
export interface Taken {
    readonly records: readonly Waiting[];
    readonly gap: Gap;
}
/**
 * The records that are not written yet, bounded (AU-20). What is lost leaves a gap at its place, and a gap is never dropped
 * (AU-21): those that meet become one.
 */
export declare class AuditQueue {
    #private;
    constructor(most: number, overflow: AuditOverflow);
    /** Records that have no line and will have none. */
    get lost(): number;
    /** Records that were let in so far. */
    get accepted(): number;
    /** How many of those let in neither wait nor are being written: they are the first. */
    get settled(): number;
    /** When the record was taken that is the next; undefined if none waits. */
    get nextMs(): number | undefined;
    /** Copies the record, or drops it: false. */
    push(record: Uint8Array, unixMs: number): boolean;
    /** A record that can have no line is dropped: false. */
    refuse(): boolean;
    /** Records of about `bytes`, at least one if any waits. `wrote` or `failed` follows. */
    take(bytes: number): Taken;
    wrote({ records }: Taken): void;
    /** All of it is lost: it is a gap before what still waits. */
    failed(taken: Taken): void;
    /** Nothing is let in any more; what comes leaves no gap, for the log comes to its end. */
    close(): void;
    /** What waits or is being written counts as lost. */
    abandon(): void;
}
export {};

// dist/link/auditwriter.d.ts

/** A hash-chained log of what a policy decides, for the `audit` of a `policyStore`. Disposal is `close`. */
export interface AuditLog extends AsyncDisposable {
    /** Copies a record of at most 8,000 bytes, or says false: there is no room, and it is dropped. It never waits and never throws. */
    readonly audit: (record: Uint8Array) => boolean;
    /** Records that have no line: dropped, or not known to be written. The log says so where they would stand. */
    readonly lost: number;
    /** Settles once what was taken so far is written and synced, or lost; after 30 s at most. Never rejects. */
    flush(): Promise<void>;
    /** Takes nothing more; writes what waits, signs, syncs and closes, within 5 s. Never rejects. */
    close(): Promise<void>;
}

// dist/link/caps.d.ts

/** What strangers and peers may take of a host (LI-4, LI-54), unless its program says otherwise. */
export declare const CAPS: {
    /** Handshakes under way, in all. */
    readonly halfOpen: 1024;
    /** Handshakes under way, from one source. */
    readonly halfOpenSource: 64;
    /** Sessions, in all. */
    readonly sessions: 10000;
    /** Sessions of one peer. */
    readonly sessionsPeer: 64;
};
export type Caps = Readonly<Record<keyof typeof CAPS, number>>;
/** The caps with `own` laid over. @throws RangeError on an unknown name or a value outside 1..1,048,576 */
export declare const capsOf: (own?: Partial<Caps>) => Caps;

// dist/link/contractfile.node.d.ts

import type { Contract } from '../contract/define.js';
/**
 * The contract of a JSON file that holds `JSON.stringify(contract)`, of at most 4 MiB in UTF-8: its name and rows, with shapes
 * that take whatever the rows let be sent.
 *
 * @throws SottoError contract/malformed if it cannot be read or is no contract; `details.path` is the place in it, or the
 * line and column where it is no JSON
 */
export declare const readContract: (path: string) => Promise<Contract>;

// dist/link/credentialfile.node.d.ts

/**
 * The credential of a file that holds nothing else. Nobody has vouched for it yet.
 *
 * @throws SottoError identity/file if it cannot be read or holds no credential
 */
export declare const readCredential: (path: string) => Promise<Uint8Array>;
/** ID-14: makes a file of a credential; an existing file is never replaced. @throws SottoError identity/file */
export declare const writeCredential: (path: string, credential: Uint8Array) => Promise<void>;

// dist/link/dial.node.d.ts

import type { Contract } from '../contract/define.js';
import { type Endpoint } from '../transport/sockets.node.js';
import { type EndpointOptions } from './options.js';
import type { Session } from './session.js';
/**
 * Connects to `endpoint` and opens a session there with the peer that `options.peer` names and no other. The time for the
 * handshake includes the connecting (LI-1).
 *
 * @throws transport/failed if there is no connection, and as `initiate`
 */
export declare const dial: <const U extends Contract = never>(endpoint: Endpoint, options: EndpointOptions<U>) => Promise<Session<U>>;

// dist/link/face.d.ts

import type { Wire } from '../cbor.js';
import type { Contract } from '../contract/define.js';
import type { SottoError } from '../errors.js';
import type { Step } from '../session/conversations.js';
import type { Admitted } from '../session/gate.js';
import type { Closed, Session } from './session.js';
/** What messaging asks of a session; bodies are wire values, already checked by a shape. */
export interface Caller {
    /**
     * Settles with the decoded reply; undefined is an empty body.
     * @throws SottoError policy/denied, policy/limited, call/fault, call/internal, call/deadline, call/cancelled,
     * contract/unserved, contract/invalid, session/lost, session/closed
     */
    call(contract: string, operation: string, value: Wire | undefined, options: CallOptions, where?: Where): Promise<Wire | undefined>;
    /** undefined at once while there is credit, else a promise that settles when the own gate and credit have taken it. */
    send(contract: string, operation: string, value: Wire | undefined, options: CallOptions, where?: Where): Promise<void> | undefined;
    /** Of a topic or queue, what stands: a subscription or a consumer. @throws SottoError as `call` does, of what is known at once */
    stream(contract: string, operation: string, value: Wire | undefined, options: CallOptions, where?: Where): Stream;
    /** Of a link alone: resolves when a session is there, or `signal` aborts; rejects once there will be none. */
    ready?(signal?: AbortSignal): Promise<void>;
}
/** Where in an operation an act is. */
export interface Where {
    /** Of a topic or queue: its tokens joined by dots, `*` for any where it stands. */
    readonly subject?: string;
    /** Of a step of a conversation: what rules read as `state`. */
    readonly state?: string;
}
/** What a subscription or a consumer is handed. */
export interface Delivery {
    /** Without `*`. */
    readonly subject: string;
    /** One CBOR item, as it goes out; not written to while it waits. */
    readonly item: Uint8Array;
    /** Size of the message itself, and the message, for rules that read of it. */
    readonly bytes: number;
    readonly content: () => Wire | undefined;
}
/** One end of a stream; items are wire values, already checked by a shape. */
export interface Stream {
    /** Resolves when the stream has its outcome; never rejects. */
    readonly closed: Promise<Closed>;
    /** Items that were read. */
    readonly count: number;
    /** Why nothing more comes, if the peer did not end it. */
    readonly cut: SottoError | undefined;
    /** undefined at once while there is room, else a promise of it. @throws SottoError, TypeError behind the end */
    write(value: Wire): Promise<void> | undefined;
    /** As `write`, of a subscription or consumer here, once the rules let its peer have it: `denied` if they do not. */
    deliver(delivery: Delivery): Promise<void> | undefined | 'denied';
    /** Whether the rules let its peer have what is to wait for room before it is delivered, which asks again. */
    mayHear(delivery: Delivery): boolean;
    /** This direction is over behind what was written. */
    end(): Promise<void> | undefined;
    /** Gives the whole stream up. */
    abort(reason: unknown): void;
    /** The next item; rejects with why there are no more, if the peer did not end them. */
    read(): Promise<IteratorResult<Wire, undefined>>;
    /** No more is wanted of what comes. */
    stop(): void;
}
export interface CallOptions {
    /**
     * Gives the call up: it rejects with call/cancelled, and the handler's signal aborts. With the signal of a handler's context
     * it has no more time than is left of the message that is handled.
     */
    readonly signal?: AbortSignal;
    /** At most 2^31-1, and kept at both ends. 0 is none: then the end of the session is the call's. */
    readonly timeoutMs?: number;
    /** What rules may read beside the message; names and values are plain text. */
    readonly labels?: Readonly<Record<string, string>>;
}
/** One admitted message on its way to a handler. */
export interface Incoming {
    readonly admitted: Admitted;
    readonly session: Session;
    readonly operation: string;
    /** Empty for operations that have none. */
    readonly subject: string;
    readonly value: Wire | undefined;
    /** Of a message of a conversation. */
    readonly step: Step | undefined;
    readonly labels: Readonly<Record<string, string>>;
    /** Made when it is first read. */
    readonly signal: AbortSignal;
    /** Infinity for no end. */
    readonly timeLeftMs: number;
    /** False if the policy denies it by now: to be asked by who has let it wait (LI-58). */
    readonly stands: boolean;
    /** This end of it, if the operation is a stream. */
    readonly stream: Stream | undefined;
}
export type Answer = {
    readonly is: 'reply';
    readonly value: Wire | undefined;
} | {
    readonly is: 'fault';
    readonly name: string;
    readonly data: Wire | undefined;
} | {
    readonly is: 'internal';
    readonly incident: string;
} | {
    readonly is: 'invalid';
    readonly path: string;
    readonly item?: number;
}
/** A topic or queue could not take it. */
 | {
    readonly is: 'refused';
    readonly code: 'topic/slow' | 'broker/full' | 'broker/failed';
} | {
    readonly is: 'misstep';
    readonly state: string;
    readonly expected: readonly string[];
}
/** What its handler asked for it had no time left. */
 | {
    readonly is: 'late';
}
/** The handler of a stream is done. */
 | {
    readonly is: 'ended';
};
/** What a host needs of a service; made by `serve`. None of it throws or rejects. */
export interface Served {
    readonly contract: Contract;
}

// dist/link/host.d.ts

import { SottoError } from '../errors.js';
import type { Transport } from '../transport/transport.js';
import { type Caps } from './caps.js';
import { type HostOptions } from './options.js';
import type { Session } from './session.js';
/** Failures that wait for a reader. */
export declare const FAILURES = 256;
/** An attempt that came to nothing. */
export interface Failure {
    /** As the listener knows it: an address, or empty. */
    readonly source: string;
    readonly error: SottoError;
}
/** The answering side of many sessions, over whatever transports it is given. */
export interface Host extends AsyncDisposable {
    readonly sessions: ReadonlySet<Session>;
    /** Attempts that failed; the last 256 are kept for a reader. The peer learns none of it before it is trusted. */
    readonly failures: AsyncIterable<Failure>;
    /**
     * Answers a peer on `transport`, which it takes over. `source` groups attempts that share a budget: an address, or empty
     * where nothing tells one from the other.
     * @throws session/busy, session/closed, session/timeout, session/malformed, identity/not-trusted and others
     */
    accept(transport: Transport, options?: {
        readonly source?: string;
    }): Promise<Session>;
    /**
     * Shows a newer credential of the host's key (copied): to those that come, and to the peers of all sessions as
     * `Session.renew`, but for those that are ending or have had too many just now.
     * @throws identity/credential unless it is a credential of the host's key; nothing has changed then
     */
    renew(credential: Uint8Array): void;
    /** Takes nothing new, gives handshakes up and drains every session. @throws RangeError as `Session.drain` */
    drain(options?: {
        readonly timeoutMs?: number;
    }): Promise<void>;
    /** Takes nothing new, gives handshakes up and closes every session, within 5 s. Never rejects. */
    close(): Promise<void>;
}
/**
 * `caps` sets budgets of the host, by their names in the table of spec/link.md.
 * @throws RangeError, TypeError, policy/malformed, identity/malformed on options that cannot be
 */
export declare const host: (options: HostOptions, caps?: Partial<Caps>) => Host;

// dist/link/initiate.d.ts

import type { Contract } from '../contract/define.js';
import type { Transport } from '../transport/transport.js';
import type { DialOptions } from './options.js';
import type { Session } from './session.js';
/**
 * Opens a session over `transport`, which it takes over, with the peer that `options.peer` names and no other.
 *
 * @throws identity/mismatch before our identity is shown; identity/not-trusted, contract/unserved, contract/changed,
 * policy/denied as the peer says; session/timeout after 10 s; session/lost if the transport ends; session/closed if
 * `options.signal` aborts; identity/malformed, policy/malformed, RangeError on options
 */
export declare const initiate: <const U extends Contract = never>(transport: Transport, options: DialOptions<U>) => Promise<Session<U>>;

// dist/link/keyfile.node.d.ts

import { type Auditor } from '../identity/auditor.js';
import type { AuditorId, IssuerId, PeerId } from '../identity/id.js';
import { type Identity } from '../identity/identity.js';
import { type Issuer } from '../identity/issuer.js';
/**
 * The identity of a key file.
 *
 * @param options.passphrase is called only if the file is sealed; opening one takes about a second
 * @throws SottoError identity/file if it cannot be read, others may read it, or it does not hold exactly one key
 */
export declare const readIdentity: (path: string, options?: {
    readonly passphrase?: () => Promise<string>;
}) => Promise<Identity>;
/** The issuer of a key file; as `readIdentity`. @throws SottoError identity/file */
export declare const readIssuer: (path: string, options?: {
    readonly passphrase?: () => Promise<string>;
}) => Promise<Issuer>;
/** ID-54: the auditor of a key file; as `readIdentity`. @throws SottoError identity/file */
export declare const readAuditor: (path: string, options?: {
    readonly passphrase?: () => Promise<string>;
}) => Promise<Auditor>;
/**
 * ID-14: makes a key file, whole or not at all, that only its owner may read. An existing file is never replaced.
 *
 * @param options.passphrase seals the key; this takes about a second
 * @returns the id, to be given to whoever shall trust it
 * @throws SottoError identity/file if there is a file already, or it cannot be written; RangeError on an empty passphrase
 */
export declare const writeIdentity: (path: string, identity: Identity, options?: {
    readonly passphrase?: string;
}) => Promise<PeerId>;
/** Makes the key file of an issuer; as `writeIdentity`. @throws SottoError identity/file; RangeError on an empty passphrase */
export declare const writeIssuer: (path: string, issuer: Issuer, options?: {
    readonly passphrase?: string;
}) => Promise<IssuerId>;
/** ID-54: makes the key file of an auditor; as `writeIdentity`. @throws SottoError identity/file; RangeError on an empty passphrase */
export declare const writeAuditor: (path: string, auditor: Auditor, options?: {
    readonly passphrase?: string;
}) => Promise<AuditorId>;

// dist/link/knownpeers.d.ts

import type { KnownKeys } from '../identity/expected.js';
import { type PeerId } from '../identity/id.js';
/** Endpoints that a file of known peers holds, at most (ID-39). */
export declare const MAX_KNOWN = 16384;
/** Bytes of such a file: 16,384 lines of a path of 103 bytes, its scheme and an id, and as much for comments. */
export declare const MAX_KNOWN_BYTES = 4194304;
/** A file of the keys that endpoints proved; made by `knownPeers`. For those who dial alone. */
export interface KnownPeers extends KnownKeys {
    readonly path: string;
    /** What the file said when it was last read. */
    known(endpoint: string): PeerId | undefined;
    check(endpoint: string, id: PeerId): 'known' | 'new' | 'changed';
    /** Every endpoint and its key, in the order of the file. */
    entries(): readonly (readonly [endpoint: string, id: PeerId])[];
    /** Reads the file again, as `dial` does before each attempt. @throws SottoError identity/file */
    reload(): Promise<void>;
    /**
     * Writes the key of a new endpoint to the file, whatever the mode; nothing happens to one that is known.
     *
     * @throws SottoError identity/changed, and never overwrites; identity/file
     */
    remember(endpoint: string, id: PeerId): Promise<void>;
    /** Takes an endpoint out of the file, so that its next key is new. False if it was not there. @throws SottoError identity/file */
    forget(endpoint: string): Promise<boolean>;
}
/**
 * ID-36: the text of a file of known peers: a line `ENDPOINT ID` each. What it says otherwise, in comments that begin with #
 * and in empty lines, is kept.
 */
export declare class KnownText {
    #private;
    readonly ids: ReadonlyMap<string, PeerId>;
    /** @throws SottoError identity/malformed; the message names the line */
    constructor(text: string);
    /** The text with one line more. @throws RangeError for an endpoint that has no form there */
    with(endpoint: string, id: PeerId): string;
    without(endpoint: string): string;
}

// dist/link/knownpeers.node.d.ts

import { type KnownKeys } from '../identity/expected.js';
import { type KnownPeers } from './knownpeers.js';
/**
 * The keys that endpoints proved, of a file that only its owner may write; one that is not there is empty. `strict` dials
 * nobody else; `accept-new` takes the first key of an endpoint and remembers it once there is a session. A listener never
 * learns keys by itself.
 *
 * @throws SottoError identity/file if the file cannot be read, others may write it, or a line of it is malformed; RangeError on
 * another mode
 */
export declare const knownPeers: (path: string, mode?: KnownKeys['mode']) => Promise<KnownPeers>;

// dist/link/link.d.ts

import type { Contract } from '../contract/define.js';
import type { LinkStatus } from './linkstate.js';
import type { Closed, Session } from './session.js';
/** When a link tries again; in ms. */
export interface Retry {
    /** The longest first pause, which doubles with each attempt: 100 unless said. */
    readonly firstMs?: number;
    /** The longest pause, and how long a session must live for the pauses to start anew: 30,000 unless said. */
    readonly capMs?: number;
    /** Without a session for longer than this the link ends; no limit unless said. */
    readonly giveUpMs?: number;
}
/**
 * Sessions with one peer, one after another. `client(link, …)` calls whoever is there: calls made while there is no session
 * wait for one within their time. Those that a lost session surely did not run, and those whose operation is idempotent,
 * are asked again of the next; all others fail, and their `ran` says what is known. Disposal is `close`, and never throws.
 */
export interface Link<U extends Contract = Contract> extends AsyncDisposable {
    /** Contracts this end may call here. */
    readonly uses: readonly U[];
    readonly status: LinkStatus;
    /** Every change of the status from now on, once each, to every reader; the last 256 wait for a slow one. */
    readonly changes: AsyncIterable<LinkStatus>;
    /** The present session, or else the next. Rejects with what ended the link. Ending it by hand does not end the link. */
    readonly session: Promise<Session<U>>;
    /** Resolves when the link and all its sessions are over; never rejects. Clean if `close` ended it and every session. */
    readonly closed: Promise<Closed>;
    /**
     * Shows `credential` (copied) from now on: in the present session, as `Session.renew` does, and in every later one.
     * @throws identity/credential unless it is one of the key this end dials with
     */
    renew(credential: Uint8Array): void;
    /** No further session; those there are close as `Session.close` does, within 5 s. Never rejects. */
    close(): Promise<void>;
}

// dist/link/link.node.d.ts

import type { Contract } from '../contract/define.js';
import { type Endpoint } from '../transport/sockets.node.js';
import type { Link, Retry } from './link.js';
import { type EndpointOptions } from './options.js';
/**
 * Keeps a session with the peer that `options.peer` names at `endpoint`: one after another, each dialled as by `dial`.
 *
 * @throws TypeError or RangeError if `endpoint` is malformed, and as `linkOver`
 */
export declare const link: <const U extends Contract = never>(endpoint: Endpoint, options: EndpointOptions<U>, retry?: Retry) => Link<U>;

// dist/link/linkover.d.ts

import type { Contract } from '../contract/define.js';
import type { Link, Retry } from './link.js';
import type { DialOptions } from './options.js';
import type { Connect } from './reach.js';
/** Sessions that drain beside the present one; of more, the oldest is closed (LI-36). */
export declare const LEAVING = 4;
/**
 * Keeps a session with the peer that `options.peer` names, each over a transport that `connect` gives. It tries again after
 * a pause, at random from nothing up to a bound that doubles, and never past a refusal or another key than the one
 * expected. When `options.signal` aborts, the link ends and its session is aborted.
 *
 * @throws RangeError, TypeError, policy/malformed, identity/malformed on options that cannot be
 */
export declare const linkOver: <const U extends Contract = never>(connect: Connect, options: DialOptions<U>, retry?: Retry) => Link<U>;

// dist/link/linkstate.d.ts

import { SottoError } from '../errors.js';
/** Where a link stands. `waiting` is the pause before the next attempt, and why there is one; `attempt` counts from 0. */
export type LinkStatus = {
    readonly is: 'connecting' | 'handshaking' | 'established' | 'draining' | 'closed';
} | {
    readonly is: 'waiting';
    readonly attempt: number;
    readonly delayMs: number;
    readonly cause: SottoError;
};
type StateName = LinkStatus['is'];
/** What can happen to a link. */
export declare const LINK_EVENTS: readonly ['reached', 'opened', 'drained', 'lost', 'failed', 'final', 'due', 'close', 'over'];
export type LinkEvent = (typeof LINK_EVENTS)[number];
/** The table a link runs on (LI-30): for each state, the events that can come and where each may lead. */
export declare const LINK_STATES: Readonly<Record<StateName, {
    readonly [E in LinkEvent]?: readonly StateName[];
}>>;
/**
 * What a link does after an attempt or a session that ended so (LI-33). `final` is what the peer said with its key
 * proved, another key than the one expected, and what is wrong at this end: the next attempt would end the same.
 */
export declare const AFTER: {
    readonly 'cbor/malformed': 'final';
    readonly 'cbor/forbidden': 'final';
    readonly 'cbor/limit': 'final';
    readonly 'cbor/unencodable': 'final';
    readonly 'crypto/unavailable': 'final';
    readonly 'crypto/bad-key': 'final';
    readonly 'crypto/zero-shared': 'retry';
    readonly 'noise/protocol': 'final';
    readonly 'noise/failed': 'retry';
    readonly 'noise/misuse': 'final';
    readonly 'noise/decrypt': 'retry';
    readonly 'noise/exhausted': 'retry';
    readonly 'channel/forged': 'retry';
    readonly 'channel/malformed': 'retry';
    readonly 'channel/exhausted': 'retry';
    readonly 'channel/truncated': 'retry';
    readonly 'contract/unserved': 'final';
    readonly 'contract/changed': 'final';
    readonly 'contract/invalid': 'final';
    readonly 'contract/malformed': 'final';
    readonly 'identity/malformed': 'final';
    readonly 'identity/mismatch': 'final';
    readonly 'identity/changed': 'final';
    readonly 'identity/self': 'final';
    readonly 'identity/not-trusted': 'final';
    readonly 'identity/credential': 'final';
    readonly 'identity/file': 'final';
    readonly 'policy/malformed': 'final';
    readonly 'policy/denied': 'final';
    readonly 'policy/limited': 'retry';
    readonly 'audit/broken': 'final';
    readonly 'audit/file': 'final';
    readonly 'audit/sink': 'final';
    readonly 'audit/limit': 'final';
    readonly 'session/malformed': 'retry';
    readonly 'session/unexpected': 'retry';
    readonly 'session/suite': 'retry';
    readonly 'session/limit': 'retry';
    readonly 'session/timeout': 'retry';
    readonly 'session/lost': 'retry';
    readonly 'session/closed': 'retry';
    readonly 'session/service': 'final';
    readonly 'session/extension': 'final';
    readonly 'session/busy': 'retry';
    readonly 'call/cancelled': 'final';
    readonly 'call/deadline': 'final';
    readonly 'call/fault': 'final';
    readonly 'call/internal': 'final';
    readonly 'call/too-large': 'final';
    readonly 'flow/refused': 'final';
    readonly 'topic/slow': 'final';
    readonly 'broker/full': 'final';
    readonly 'queue/lapsed': 'final';
    readonly 'broker/failed': 'final';
    readonly 'broker/corrupt': 'final';
    readonly 'transport/failed': 'retry';
};
/** How patient a link is, in ms. */
export interface Patience {
    /** The longest first pause; it doubles with each attempt. */
    readonly firstMs: number;
    /** The longest pause, and how long a session lives to be a success. */
    readonly capMs: number;
    /** Without a session for longer than this, the link ends. */
    readonly giveUpMs: number;
}
/**
 * What a link does next. It owns no session and no timer and reads no clock: times are monotonic ms, and `random` gives
 * numbers from 0 up to 1.
 */
export declare class LinkState {
    #private;
    constructor(patience: Patience, random: () => number, nowMs: number);
    /** The same object until it changes; frozen. */
    get status(): LinkStatus;
    /** True once no further session will be made. */
    get ending(): boolean;
    /** What ended the link; undefined if that was `close`. */
    get error(): SottoError | undefined;
    /** When `wake` has something to do; Infinity for never. */
    get dueMs(): number;
    /** There is a transport. */
    reached(): void;
    /** There is a session. */
    opened(nowMs: number): void;
    /** The attempt came to nothing. */
    failed(error: SottoError, nowMs: number): void;
    /** The peer takes nothing new in the present session, which goes on until what is open has ended (LI-36). */
    drained(nowMs: number): void;
    /** The present session is over. */
    lost(error: SottoError, nowMs: number): void;
    /** A session is over that drained or was to end. */
    over(): void;
    /** The timer. Too early a call does nothing. */
    wake(nowMs: number): void;
    /** No further session; the link closes when what is live is over. */
    close(error: SottoError | undefined): void;
}
export {};

// dist/link/listen.node.d.ts

import { type Endpoint } from '../transport/sockets.node.js';
import type { Caps } from './caps.js';
import { type Host } from './host.js';
import type { HostOptions } from './options.js';
/** A host with an address. */
export interface Listener extends Host {
    /** Where it listens, with the real port. */
    readonly endpoint: Endpoint;
}
/**
 * Listens at `endpoint` and answers the peers in `options.trust`. When `options.signal` aborts it stops listening, and its
 * sessions are aborted.
 *
 * @throws transport/failed if the address cannot be had; RangeError, policy/malformed, identity/malformed on options
 */
export declare const listen: (endpoint: Endpoint, options: HostOptions, caps?: Partial<Caps>) => Promise<Listener>;

// dist/link/options.d.ts

import type { Wire } from '../cbor.js';
import type { Contract } from '../contract/define.js';
import { type Expected } from '../identity/expected.js';
import type { Identity } from '../identity/identity.js';
import type { TrustEntry, TrustStore } from '../identity/trust.js';
import type { Policy } from '../policy/rule.js';
import { type PolicyStore } from '../policy/store.js';
import type { Psk } from '../session/side.js';
import { type PostQuantum } from '../session/suites.js';
import type { Served } from './face.js';
import type { KnownPeers } from './knownpeers.js';
/** What both ends say. */
export interface Both<U extends Contract> {
    readonly identity: Identity;
    /** Contracts this end calls. A dialler demands them; a listener takes them where they are offered. */
    readonly use?: readonly U[];
    /** Services this end offers, made by `serve`. */
    readonly serve?: readonly Served[];
    /** What peers may do to us, and we to them. Without one, nothing is admitted from a peer. */
    readonly policy?: Policy | PolicyStore;
    /** A value the peer sees in `session.context`; null unless said. */
    readonly context?: Wire;
    readonly protocol?: Protocol;
    /** Gives the attempt up, or aborts the sessions that came of it; a host takes nothing new from then on. */
    readonly signal?: AbortSignal;
}
/** What dialling an endpoint takes. */
export interface EndpointOptions<U extends Contract = Contract> extends Both<U> {
    /**
     * Whom this end expects; anyone else is refused before our identity is shown. Known peers alone stand for the key they have of
     * the endpoint.
     */
    readonly peer: Expected | KnownPeers;
    readonly protocol?: Protocol & {
        readonly psk?: Psk;
    };
}
export interface DialOptions<U extends Contract = Contract> extends EndpointOptions<U> {
    /** Whom this end expects; anyone else is refused before our identity is shown. */
    readonly peer: Expected;
}
export interface HostOptions extends Both<Contract> {
    /** Whom this end lets in. */
    readonly trust: readonly TrustEntry[] | TrustStore;
}
/** Knobs few need. */
export interface Protocol {
    /** Asked for by a dialler, offered by a listener; they must be equal. Empty unless said. */
    readonly service?: string;
    /** `require` unless said: no session without ML-KEM-768. */
    readonly pq?: PostQuantum;
    /**
     * A secret that both ends have beside their keys: 32 bytes from a random generator, copied, under an id of 1 to 32 bytes that
     * travels in clear. A dialler has one. A listener may have several, to replace one by another, and lets in nobody who has
     * none of them. An end whose psk is wrong or unknown hears nothing: the other closes.
     */
    readonly psk?: Psk | readonly Psk[];
    /** By the names of the table in spec/session.md. */
    readonly limits?: Readonly<Record<string, number>>;
    /** When keys are replaced, and who else is told of them. */
    readonly rekey?: Rekey;
    /** A record at least every `everyMs` (20,000 unless said, 200 at least); silence of `idleMs` (60,000) ends the session. */
    readonly keepalive?: {
        readonly everyMs?: number;
        readonly idleMs?: number;
    };
    /** How long records are made, so that less is seen of what is in them: `none` unless said. It costs the bytes added. */
    readonly padding?: 'none' | 'buckets' | {
        readonly multiple: number;
    };
    /** From start to session: 10,000 unless said. */
    readonly handshakeMs?: number;
}
/** Of the keys of a session. */
export interface Rekey {
    /** Records sealed with a key at most: 2^20 unless less is said. */
    readonly records?: number;
    /** Bytes sealed with a key at most: 2^36 unless less is said. */
    readonly bytes?: number;
    /** Fresh ephemerals replace all keys so often, in ms: 2,000 to 3,600,000, which it is unless said. */
    readonly refreshMs?: number;
    /**
     * For debugging alone: is told every key of every session, a line each. Whoever sees a line reads and forges what that
     * session sends. A warning is printed whenever it is set.
     */
    readonly unsafeKeyLog?: (line: string) => void;
}

// dist/link/pings.d.ts

import { SottoError } from '../errors.js';
export interface PingOptions {
    readonly signal?: AbortSignal;
    /** 30,000 unless said. */
    readonly timeoutMs?: number;
}
/** Round trips for whoever asks, one at a time. Who asks while one is under way, or too soon after, shares the next. */
export declare class Pings {
    #private;
    /** `begin` sends a PING and gives its number; it throws once the session is closed. */
    constructor(begin: (nowMs: number) => number, now: () => number);
    /** @throws call/cancelled, call/deadline, session/closed, session/lost; RangeError */
    ask({ signal, timeoutMs }: PingOptions): Promise<number>;
    /** The peer's PONG, to these PINGs or to the keepalive's. */
    answered(count: number): void;
    /** The session is over. */
    end(error: SottoError): void;
}

// dist/link/policyfile.node.d.ts

import type { Policy } from '../policy/rule.js';
/**
 * The policy of a JSON file of at most 4 MiB in UTF-8.
 *
 * @throws SottoError policy/malformed if it cannot be read or does not load; `details.path` is the place in the document,
 * or the line and column where it is no JSON
 */
export declare const readPolicy: (path: string) => Promise<Policy>;

// dist/link/possession.d.ts

import { Possession } from '../identity/possession.js';
import type { Session } from './session.js';
/**
 * That the peer of `session` holds its key: the handshake has shown it to this process.
 *
 * @throws TypeError if it is no session of this library's, session/closed if it is over: that shows nothing of now
 */
export declare const possessionOf: (session: Session) => Possession;

// dist/link/reach.d.ts

import type { Transport } from '../transport/transport.js';
/** A way to the peer: a transport of its own for each call. `signal` gives up waiting for it. */
export type Connect = (signal: AbortSignal) => Promise<Transport>;
/**
 * A transport, in at most `limitMs`, also where `connect` does not heed its signal: what comes late is freed (LI-1, LI-3).
 * @throws session/timeout, session/closed if `signal` aborts, and what `connect` throws
 */
export declare const reach: (connect: Connect, limitMs: number, signal: AbortSignal | undefined) => Promise<Transport>;

// dist/link/session.d.ts

import type { Wire } from '../cbor.js';
import type { Contract } from '../contract/define.js';
import type { Verb } from '../contract/kinds.js';
import type { SottoError } from '../errors.js';
import type { Peer } from '../identity/peer.js';
import type { PingOptions } from './pings.js';
/** How a session ended: with the peer's authenticated END and our own, or with an error. */
export type Closed = {
    readonly clean: true;
} | {
    readonly clean: false;
    readonly error: SottoError;
};
/**
 * A one-way message the peer refused, or did not take any more because it was closing; the decision id is the one in the peer's
 * records. Or one that was taken here, and that the policy here denied before it was sent.
 */
export interface Refusal {
    readonly verb: Verb;
    readonly address: string;
    readonly decision: string;
}
/**
 * A message of the peer that the policy here refused: the peer was told the code alone, and no handler saw it, or what its
 * handler did was ended when the policy changed. Or a one-way message of ours that was taken and not sent, for the same reason.
 */
export interface Denial extends Refusal {
    readonly why: 'rule' | 'default' | 'limit' | 'error';
    /** The rules that made it so; none for `default`. */
    readonly rules: readonly string[];
}
/** One session, whoever dialled. It dies once. Disposal is `close` for at most 5 s, then `abort`, and never throws. */
export interface Session<U extends Contract = Contract> extends AsyncDisposable {
    /** Hex, 32 digits, the same at both ends. */
    readonly id: string;
    /** The authenticated other end, as its newest credential has it. */
    readonly peer: Peer;
    /** The Noise protocol name. */
    readonly suite: string;
    /** What the peer sent along. */
    readonly context: Wire;
    /** Contracts this end may call here. */
    readonly uses: readonly U[];
    /** Contracts the peer may call here. */
    readonly serves: readonly Contract[];
    /** Resolves when all is over and every promise of the session has settled; never rejects. */
    readonly closed: Promise<Closed>;
    /** One-way messages of ours that the peer refused, or that were taken here and then denied; the last 1,024 are kept for a reader. */
    readonly refusals: AsyncIterable<Refusal>;
    /** Messages that the policy here refused, of the peer or taken from us before; the last 1,024 are kept for a reader. */
    readonly denials: AsyncIterable<Denial>;
    /**
     * Round-trip time in ms. One PING is under way at a time, 8 a second at most; who asks meanwhile shares the next.
     * @throws call/cancelled, call/deadline, session/lost, session/closed
     */
    ping(options?: PingOptions): Promise<number>;
    /**
     * Shows the peer a newer credential of our key, of 1 to 4,096 bytes, copied. A peer that does not trust it, or to whom it
     * is not of the same name and of a later end than the one before, ends the session. 4 at once, then one a minute.
     * @throws session/closed, session/busy, session/limit if the peer takes only shorter records, RangeError on a length
     */
    renew(credential: Uint8Array): void;
    /**
     * Begins nothing new, lets what is open finish for at most `timeoutMs` (30,000 unless said), then ends within 5 s.
     * Subscriptions and consumers end at once, with session/closed.
     * @throws RangeError unless `timeoutMs` is 0..86,400,000
     */
    drain(options?: {
        readonly timeoutMs?: number;
    }): Promise<void>;
    /** As `drain`, within 5 s: what is open has 4 s to finish. Flushes and ends, authenticated. Never rejects. */
    close(): Promise<void>;
    /** Ends at once, without a byte. `closed` tells of `reason`, if it is a SottoError, or of session/closed. */
    abort(reason?: unknown): void;
    /**
     * A secret both ends of this session derive and nobody else, of `length` bytes (at most 1,024).
     * @throws RangeError on a label that is not printable ASCII or begins with "sotto "; noise/misuse after the session
     */
    exportKey(label: string, context: Uint8Array, length: number): Uint8Array;
}

// dist/link/trustfile.node.d.ts

import type { Revoked, Trust } from '../identity/trust.js';
/**
 * Whom to trust, of a JSON file that only its owner may write: `{ "version": 1, "trusted": [id, …], "revoked": [id, { "serial": … }, …] }`.
 * A listener takes a changed file with `trust.replace(await readTrust(path))`.
 *
 * @throws SottoError identity/file if it cannot be read, others may write it, or it is not such a document
 */
export declare const readTrust: (path: string) => Promise<Trust>;
/**
 * Adds a revocation to a trust file, whole or not at all. False if it was there.
 *
 * @throws SottoError identity/file; identity/malformed if `what` is neither an id nor a serial
 */
export declare const revokeIn: (path: string, what: Revoked) => Promise<boolean>;

// dist/messaging/answer.d.ts

import type { Sent, Shapes } from '../contract/shape.js';
import { SottoError } from '../errors.js';
import type { Answer, Incoming } from '../link/face.js';
import { type Context } from './context.js';
import type { Slots } from './slots.js';
/** An operation with its handler. */
export interface Task {
    readonly request: Sent;
    /** Undefined for a one-way message, whose handler's result is nobody's, and for a stream. */
    readonly response: Sent | undefined;
    /** Of a stream alone. */
    readonly up?: Sent;
    readonly down?: Sent;
    readonly faults: Shapes;
    run(input: unknown, context: Context<Shapes>): unknown;
}
/** What all messages of one service share. */
export interface Desk {
    readonly slots: Slots;
    readonly around: ((call: Incoming['admitted'], next: () => Promise<void>) => Promise<void>) | undefined;
    readonly failed: (error: unknown, call: Incoming['admitted'], incident: string) => void;
}
type Outcome = Answer | undefined;
/**
 * The one outcome of an admitted message (ME-2); undefined if nobody waits for it. Never throws or rejects: what goes
 * wrong is an answer too. A handler that does not wait is answered for at once, without a promise.
 */
export declare const answer: (incoming: Incoming, task: Task | undefined, desk: Desk) => Outcome | Promise<Outcome>;
/** ME-10, ME-11: an incident at both ends. */
export declare const internal: (error: unknown, incoming: Incoming, desk: Desk) => Answer;
/** ME-45: of what is sent one way its sender may not hear any more. */
export declare const invalid: (error: SottoError<'contract/invalid'>, { admitted }: Incoming, desk: Desk) => Answer;
/** True of what has no answer. */
export declare const isOneWay: ({ verb }: Incoming['admitted']) => boolean;
/** ME-10 */
export declare const newIncident: () => string;
export declare const report: (error: unknown, call: Incoming['admitted'], incident: string, { failed }: Desk) => void;
export {};

// dist/messaging/client.d.ts

import type { Contract } from '../contract/define.js';
import { type OneWay, type Operation, type Queue, type RequestResponse, type Stream, type Topic } from '../contract/operation.js';
import type { In, Out, Shapes } from '../contract/shape.js';
import { type CallOptions } from '../link/face.js';
import type { Link } from '../link/link.js';
import type { Session } from '../link/session.js';
import { type QueueClient } from './queue.js';
import { type Duplex } from './stream.js';
import { type TopicClient } from './topic.js';
/** One function an operation: what this end may ask of the peer. */
export type Client<C extends Contract> = {
    readonly [K in keyof C['operations']]: Act<C['operations'][K]>;
};
/** How a program asks for an operation. */
export type Act<Op extends Operation> = Op extends RequestResponse<infer Q, infer R, Shapes> ? (...args: Args<In<Q>>) => Promise<Out<R>> : Op extends OneWay<infer M> ? (...args: Args<In<M>>) => Promise<void> : Op extends Stream<infer Q, infer U, infer D> ? (...args: Args<In<Q>>) => Duplex<In<U>, Out<D>> : Op extends Topic<infer M, infer S> ? TopicClient<M, S> : Op extends Queue<infer M, infer S> ? QueueClient<M, S> : never;
type Args<I> = undefined extends I ? [value?: I, options?: CallOptions] : [value: I, options?: CallOptions];
/**
 * The operations of `contract` at the peer of a session or link, as one frozen object of functions.
 *
 * A call settles with the response, or rejects with a SottoError: `call/fault` (see `faultOf`), `call/deadline`,
 * `policy/denied`, `session/lost` and others, where `ran` says whether the peer did it. It waits 30 seconds unless
 * `timeoutMs` says otherwise. A one-way message settles once this end's policy and the flow control have taken it. A
 * stream is there at once, and lasts until both its directions are over, or for `timeoutMs` if that is said.
 *
 * @throws contract/unserved if the session or link does not use the contract
 */
export declare const client: <U extends Contract, C extends U>(on: Session<U> | Link<U>, contract: C) => Client<C>;
export {};

// dist/messaging/context.d.ts

import type { NoFaults } from '../contract/operation.js';
import { type In, type Sent, type Shapes } from '../contract/shape.js';
import { SottoError } from '../errors.js';
import type { Answer, Incoming } from '../link/face.js';
import type { Session } from '../link/session.js';
/** What a handler knows of the message it handles. */
export interface Context<F extends Shapes = NoFaults, I = undefined, U = never> {
    /** Who sent it: authenticated. */
    readonly peer: Session['peer'];
    /** Where it came in; `client(session, …)` asks the sender something. */
    readonly session: Session;
    /**
     * Aborts when the answer is no longer wanted: cancelled, past its deadline, denied since, or the session was lost. A
     * one-way message has no answer; its handler is told of a lost session alone. What is asked of another with this very signal
     * has no more time than is left here, at the other end too; one made of it by AbortSignal.any gives up with it, and says
     * nothing of time.
     */
    readonly signal: AbortSignal;
    /** Until the signal aborts for its deadline, in ms; Infinity if its sender waits without end. */
    readonly timeLeftMs: number;
    readonly labels: Readonly<Record<string, string>>;
    /** Of a step of a conversation: what the service's `instance` made for it. */
    readonly instance: I;
    /**
     * What comes up a stream, in order. Leaving the iteration tells the peer that no more is wanted. It throws what ended the
     * stream, and contract/invalid at an item that its shape refuses, which the peer is told too unless it is caught.
     */
    readonly up: AsyncIterable<U>;
    /**
     * A declared fault, to be thrown by this handler.
     *
     * @throws TypeError if the operation does not declare it, contract/invalid if its shape refuses `data`
     */
    readonly fault: <K extends keyof F & string>(name: K, ...data: Given<In<F[K]>>) => SottoError<'call/fault'>;
}
/** No argument where the shape is `nothing`. */
export type Given<I> = undefined extends I ? [data?: I] : [data: I];
/** Most handlers read little of it, so what costs something is made when it is read. */
export declare class HandlerContext implements Context<Shapes> {
    #private;
    constructor(incoming: Incoming, { faults: declared, up }: {
        readonly faults: Shapes;
        readonly up?: Sent;
    });
    get peer(): Session['peer'];
    get session(): Session;
    get signal(): AbortSignal;
    get timeLeftMs(): number;
    get labels(): Incoming['labels'];
    get instance(): undefined;
    get up(): AsyncIterable<never>;
    get fault(): Context<Shapes>['fault'];
}
/** The answer that a thrown fault of this very context stands for; undefined for anything else. */
export declare const faultAnswer: (error: unknown, context: Context<Shapes>) => Answer | undefined;

// dist/messaging/converse.d.ts

import type { Contract } from '../contract/define.js';
import { type Flow } from '../contract/flow.js';
import type { Link } from '../link/link.js';
import type { Session } from '../link/session.js';
import { type Act } from './client.js';
type States<C> = C extends {
    readonly flow: infer F extends Flow;
} ? F['states'] : Readonly<Record<never, never>>;
/**
 * A state of a conversation: a function for each operation that may come in it. Each settles as that of a client does, with
 * what it gave and the state it led to.
 */
export type At<C extends Contract, A> = {
    readonly state: A;
} & (A extends keyof States<C> ? {
    readonly [P in keyof States<C>[A]]: P extends keyof C['operations'] ? Next<C, Act<C['operations'][P]>, States<C>[A][P]> : never;
} : unknown);
type Next<C extends Contract, F, A> = F extends (...args: infer P) => Promise<infer V> ? (...args: P) => Promise<{
    readonly value: V;
    readonly next: At<C, A>;
}> : never;
/**
 * A conversation at the peer of a session or link, from its start, or from the state `at` that it was left in: the order of its
 * steps is checked when the program is compiled, and by both ends when it runs.
 *
 * What this gives stands for a state: any number of conversations may go on from it, each under its own key. What a step
 * gives as `next` stands for that conversation, in its state: one step at a time is taken from it, and none once that has
 * succeeded. A step that fails leaves it as it was.
 *
 * A step rejects with `flow/refused` if it may not come: `details.expected` are those that may. The peer decides; what is
 * known here is refused here.
 *
 * @throws contract/unserved if the session or link does not use the contract; RangeError if the flow has no such state
 */
export declare const converse: <U extends Contract, C extends U & {
    readonly flow: Flow;
}, A extends keyof States<C> = 'start' & keyof States<C>>(on: Session<U> | Link<U>, contract: C, at?: A) => At<C, A>;
export {};

// dist/messaging/fault.d.ts

import type { RequestResponse } from '../contract/operation.js';
import type { Out, Sent, Shapes } from '../contract/shape.js';
import { SottoError } from '../errors.js';
/** One of the declared faults, with what its shape made of the data. */
export type FaultOf<F extends Shapes> = {
    readonly [K in keyof F]: {
        readonly name: K;
        readonly data: Out<F[K]>;
    };
}[keyof F];
/**
 * The declared fault that a call of `operation` failed with; undefined for every other error.
 *
 * @example
 * if (faultOf(error, Thermostat.operations.read)?.name === 'NoSuchRoom') …
 */
export declare const faultOf: <F extends Shapes>(error: unknown, operation: RequestResponse<Sent, Sent, F>) => FaultOf<F> | undefined;
/**
 * ME-12: what a caller is told instead of `error`, a fault as it came from the peer.
 *
 * @throws contract/invalid if the operation does not declare it or its shape refuses the data
 */
export declare const received: (operation: RequestResponse<Sent, Sent, Shapes>, error: SottoError<'call/fault'>) => SottoError<'call/fault'>;

// dist/messaging/instances.d.ts

import type { Session } from '../link/session.js';
type PeerId = Session['peer']['id'];
/** How many conversations a service keeps, and for how long. */
export interface InstanceLimits {
    /** Of all peers together; 65,536 if omitted. */
    readonly most?: number;
    /** Of one peer, over all its sessions; 1,024 if omitted. */
    readonly perPeer?: number;
    /** How long one is kept in which no step comes, in ms; 3,600,000 if omitted. */
    readonly idleMs?: number;
}
/** A conversation of a service: of one peer, under one key. What waits in it are steps. */
export declare class Instance<Step> {
    readonly peer: PeerId;
    readonly key: string;
    /** CV-9: where the last step that committed has led. */
    state: string;
    /** CV-10: the state behind all steps that wait, if all of them commit; undefined until somebody asks. */
    tentative: string | undefined;
    /** What the service keeps of it, from its first step on. */
    kept: {
        readonly value: unknown;
    } | undefined;
    /** Steps without an outcome, in the order they came; the first may be with its handler. */
    readonly steps: Set<Step>;
    /** When its last step had its outcome, in ms of the clock. */
    idleAtMs: number;
    constructor(peer: PeerId, key: string);
}
/** The conversations of a service: bounded in number, and each in how long nothing happens in it. */
export declare class Instances<Step> {
    #private;
    /** @throws RangeError if a limit is not a whole number of 1 or more */
    constructor(limits: InstanceLimits);
    /** How many there are: those that are kept, and those whose first step has no outcome. */
    get count(): number;
    find(peer: PeerId, key: string, nowMs: number): Instance<Step> | undefined;
    /** CV-20: whether one more of `peer` may be added. */
    hasRoom(peer: PeerId): boolean;
    /** A new one; undefined if there is no room. */
    add(peer: PeerId, key: string): Instance<Step> | undefined;
    /** A step waits in it. */
    wake(instance: Instance<Step>): void;
    /** No step waits in it any more: it is kept for a while if it has begun, and forgotten if not. */
    rest(instance: Instance<Step>): void;
}
export {};

// dist/messaging/local.d.ts

import type { Wire } from '../cbor.js';
import type { Contract } from '../contract/define.js';
import type { Caller, CallOptions, Stream, Where } from '../link/face.js';
import { type Act } from './client.js';
import type { Post } from './post.js';
/** The topics and queues of a service, asked by the process it lives in: as of a `client`, without a session or a policy. */
export type Local<C extends Contract> = {
    readonly [K in keyof C['operations'] as C['operations'][K] extends {
        readonly kind: 'topic' | 'queue';
    } ? K : never]: Act<C['operations'][K]>;
};
/** The topics and queues of a service as its own process asks them: no peer, so no policy. */
export declare class LocalCaller implements Caller {
    #private;
    constructor(posts: ReadonlyMap<string, Post>);
    call(_contract: string, operation: string, value: Wire | undefined, options: CallOptions, where?: Where): Promise<Wire | undefined>;
    send(_contract: string, operation: string, value: Wire | undefined, options: CallOptions, where?: Where): Promise<void> | undefined;
    stream(_contract: string, operation: string, value: Wire | undefined, options: CallOptions, where?: Where): Stream;
}

// dist/messaging/nodestream.node.d.ts

import { Duplex as NodeDuplex } from 'node:stream';
import { type Duplex } from './stream.js';
/**
 * A stream of bytes as a Node stream, for `pipeline`: readable where bytes come down, writable where they go up. A slow reader at
 * either end makes the writer at the other wait.
 *
 * Ending it ends what goes up; where nothing comes down it has finished when the handler is done. What the stream fails with is what
 * it is destroyed with. Destroying it before it is over gives the stream up, with its error for a reason.
 */
export declare const toNode: <U extends Uint8Array | undefined, D extends Uint8Array | undefined>(duplex: Duplex<U, D>) => NodeDuplex;

// dist/messaging/post.d.ts

import type { Wire } from '../cbor.js';
import type { PeerId } from '../identity/id.js';
import type { Answer, Incoming, Stream } from '../link/face.js';
import { type Desk } from './answer.js';
/** What somebody asks of a topic or queue. */
export interface Asked {
    /** Undefined: the service itself. */
    readonly from: PeerId | undefined;
    /** Empty where the operation has none; with `*` of what stands alone. */
    readonly subject: string;
    readonly value: Wire | undefined;
    readonly labels: Incoming['labels'];
}
/** A topic or queue of a service, for its peers and for the process it lives in. */
export interface Post {
    /** Publishes or enqueues; what it gives is the reply, or a promise of it, which one-way messages may share. @throws SottoError, which says what became of it */
    put(asked: Asked): Wire | undefined | Promise<Wire | undefined>;
    /** Subscribes or consumes, until that is over; undefined if nobody waits for how. @throws (rejects) SottoError */
    stand(asked: Asked, stream: Stream): Promise<Answer | undefined>;
}
type Outcome = Answer | undefined;
/** What is asked of the posts of a service, and its answers. */
export declare class Counter {
    #private;
    constructor(desk: Desk);
    /** The one outcome of what a peer asks of a post. Never throws or rejects; of messages that wait for one promise it is one. */
    answer(post: Post, incoming: Incoming): Outcome | Promise<Outcome>;
}
export {};

// dist/messaging/queue.d.ts

import type { Enqueued } from '../broker/broker.js';
import type { In, Out, Sent } from '../contract/shape.js';
import { type Subject } from '../contract/subject.js';
import type { CallOptions } from '../link/face.js';
import type { Consumer } from './queuedelivery.js';
import type { Place } from './topic.js';
/** A queue as whoever asks meets it. The subject is left out where the template has no parameters. */
export interface QueueClient<M extends Sent, S extends string> {
    /**
     * Settles once the broker of the service has stored the message: it will be handed out until somebody settles it. It waits 30
     * seconds unless `timeoutMs` says otherwise.
     *
     * @throws (rejects) as a call does; broker/full, and broker/failed with `ran` of maybe; RangeError on a subject, key or delay
     * outside its bounds
     */
    enqueue(...args: EnqueueArgs<M, S>): Promise<Enqueued>;
    /**
     * What waits in the queue, until the iteration is left. A parameter that `filter` leaves out may be anything. Over a link it is
     * made anew in each session; what was not settled in the one before comes again, to whoever is first.
     *
     * @throws RangeError on a filter, credit or time outside its bounds
     */
    consume(filter?: Partial<Subject<S>>, options?: ConsumeOptions): Consumer<Out<M>, Subject<S>>;
}
type EnqueueArgs<M extends Sent, S extends string> = undefined extends In<M> ? [...Place<S>, value?: In<M>, options?: EnqueueOptions] : [...Place<S>, value: In<M>, options?: EnqueueOptions];
export interface EnqueueOptions extends CallOptions {
    /** Of the same key the queue stores one message in its window, and says of others that they are duplicates. At most 256 bytes of UTF-8. */
    readonly key?: string;
    /** It is not handed out before. At most 2^31-1. */
    readonly delayMs?: number;
}
export interface ConsumeOptions extends CallOptions {
    /**
     * Deliveries that this end may hold unsettled, 1 to 65,536; 1 if omitted. Their leases run from when the service handed them out,
     * so it should be no more than what is worked on at the same time.
     */
    readonly credit?: number;
}
export {};

// dist/messaging/queueadmin.d.ts

import type { QueueMetrics } from '../broker/broker.js';
import type { Contract } from '../contract/define.js';
import { type Queue } from '../contract/operation.js';
import type { Out } from '../contract/shape.js';
import { type Subject } from '../contract/subject.js';
import { SottoError } from '../errors.js';
import type { PeerId } from '../identity/id.js';
/** The queues of a service, for who looks after them. */
export type Queues<C extends Contract> = {
    readonly [K in keyof C['operations'] as C['operations'][K] extends {
        readonly kind: 'queue';
    } ? K : never]: C['operations'][K] extends Queue<infer M, infer S> ? QueueAdmin<Out<M>, Subject<S>> : never;
};
/** What became of the messages of one queue. Each rejects with broker/failed if the broker does. */
export interface QueueAdmin<T, S> {
    /**
     * A page of dead letters, the oldest first: at most `count`, 100 if omitted, behind the id `after`.
     * @throws RangeError on a count outside 1..1,000
     */
    dead(options?: {
        readonly count?: number;
        readonly after?: string;
    }): Promise<readonly DeadLetter<T, S>[]>;
    /** It waits again, as one that was never handed out; false if no dead letter has that id. */
    replay(id: string): Promise<boolean>;
    /** It is forgotten; false if no dead letter has that id. */
    discard(id: string): Promise<boolean>;
    metrics(): Promise<QueueMetrics>;
}
export interface DeadLetter<T, S> {
    readonly id: string;
    readonly subject: S;
    /** How often it was handed out. */
    readonly attempts: number;
    /** What its consumer rejected it with; empty if it was handed out too often. */
    readonly reason: string;
    /** Who enqueued it; undefined if that is the service itself, or `error` is there. */
    readonly from: PeerId | undefined;
    /** What the shape makes of it; undefined if it is refused, for `error`. */
    readonly value: T | undefined;
    /** contract/invalid if the shape of today refuses it, broker/corrupt if it is not as it was stored. */
    readonly error: SottoError | undefined;
}

// dist/messaging/queuedelivery.d.ts

import type { PeerId } from '../identity/id.js';
/**
 * Messages handed out, one after another. Leaving the iteration, and disposal, wait for what was asked of deliveries and give back
 * what is unsettled; iterators share what comes. It fails with what ended it: policy/denied, contract/invalid, broker/failed,
 * session/closed, session/lost, call/cancelled. A message that the shape refuses is rejected to the dead letters.
 */
export interface Consumer<T, S> extends AsyncIterable<Delivery<T, S>>, AsyncDisposable {
}
/**
 * One message, leased to this consumer for the queue's time. Each of the four functions settles once the service has stored what it
 * asks, or rejects: queue/lapsed if the lease was over or it was settled before, session/lost if that cannot be known (`ran` of maybe)
 * or nothing could be asked (no); RangeError on what is outside its bounds.
 */
export interface Delivery<T, S> {
    /** Of the message: the same at each attempt. */
    readonly id: string;
    readonly value: T;
    readonly subject: S;
    /** How often it was handed out, this time included. */
    readonly attempt: number;
    /** Who enqueued it, as the service knows it; undefined if that is the service itself. */
    readonly from: PeerId | undefined;
    /** It is done, and never handed out again. */
    ack(): Promise<void>;
    /** It is handed out again, after the queue's backoff unless a time is given, of at most 2^31-1 ms. */
    retry(options?: {
        readonly afterMs?: number;
    }): Promise<void>;
    /** It is a dead letter, with this reason, of at most 255 bytes of UTF-8. */
    reject(reason: string): Promise<void>;
    /** Its lease is over in `ms` from now, at most 2^31-1. */
    extend(ms: number): Promise<void>;
}

// dist/messaging/serve.d.ts

import type { Broker } from '../broker/broker.js';
import type { Contract } from '../contract/define.js';
import { type NoFaults, type OneWay, type Operation, type RequestResponse, type Stream } from '../contract/operation.js';
import type { In, IsNothing, Out, Sent } from '../contract/shape.js';
import type { Incoming, Served } from '../link/face.js';
import type { Session } from '../link/session.js';
import type { Context } from './context.js';
import type { InstanceLimits } from './instances.js';
import { type Local } from './local.js';
import type { Queues } from './queueadmin.js';
/** One function an operation. What it throws is `call/internal` to the peer, unless it is a fault of its context. */
export type Handlers<C extends Contract, I = undefined> = {
    readonly [K in keyof C['operations'] as C['operations'][K] extends {
        readonly kind: 'topic' | 'queue';
    } ? never : K]: Handler<C['operations'][K], K extends StepOf<C['flow']> ? I : undefined>;
};
/** The operations that a flow names. */
type StepOf<F> = F extends {
    readonly states: infer S;
} ? {
    [A in keyof S]: keyof S[A];
}[keyof S] : never;
type Handler<Op extends Operation, I> = Op extends RequestResponse<infer Q, infer R, infer F> ? IsNothing<R> extends true ? (request: Out<Q>, context: Context<F, I>) => void | Promise<void> : (request: Out<Q>, context: Context<F, I>) => In<R> | Promise<In<R>> : Op extends OneWay<infer M> ? (message: Out<M>, context: Context<NoFaults, I>) => void | Promise<void> : Op extends Stream<infer Q, infer U, infer D> ? (request: Out<Q>, context: Context<NoFaults, undefined, Up<U>>) => IsNothing<D> extends true ? void | Promise<void> : AsyncIterable<In<D>> : never;
/** What a handler reads of a stream: nothing where nothing comes up. */
type Up<U extends Sent> = IsNothing<U> extends true ? never : Out<U>;
export interface ServeOptions<I = undefined> {
    /** Where the topics and queues of the contract live; in memory, for this service alone, if omitted. Whoever gives it ends it. */
    readonly broker?: Broker;
    /** Makes what the service keeps of a conversation, when its first step is to be handled: `instance` of the context. */
    readonly instance?: (key: string, peer: Session['peer']) => I;
    /** How many conversations are kept, and for how long. */
    readonly instances?: InstanceLimits;
    /** Handlers that run at once, over all sessions; the rest wait in order. No limit if omitted. */
    readonly concurrency?: number;
    /**
     * Runs around each handler, which `next` starts, once. `next` settles with the handler. What this fails with is the failure of the
     * message, once a handler that was started is done.
     */
    readonly around?: (call: Incoming['admitted'], next: () => Promise<void>) => Promise<void>;
    /** Told of each new session that serves the contract. */
    readonly opened?: (session: Session) => void | Promise<void>;
    /** Told of each undeclared failure, with the incident id that the peer got. Prints one line if omitted. */
    readonly failed?: (error: unknown, call: Incoming['admitted'], incident: string) => void;
}
/** A contract with its handlers, for the `serve` list of a dial or a host; one may stand in several. */
export interface Service<C extends Contract = Contract> extends Served {
    readonly contract: C;
    /** The topics and queues of the contract, for this very process. */
    readonly local: Local<C>;
    /** The queues of the contract, for who looks after them: dead letters and counts. */
    readonly queues: Queues<C>;
}
/**
 * Handlers for a contract, called as methods of `handlers`.
 *
 * @throws TypeError if an operation has no handler, or there are instances without a flow; RangeError if a number is not a
 * whole one of 1 or more
 */
export declare function serve<C extends Contract>(contract: C, handlers: Handlers<C>): Service<C>;
export declare function serve<C extends Contract, I = undefined>(contract: C, options: ServeOptions<I>, handlers: Handlers<C, I>): Service<C>;
export {};

// dist/messaging/slots.d.ts

/** ME-16: at most `size` at once; the rest wait their turn. */
export declare class Slots {
    #private;
    /** @throws RangeError if `size` is not a whole number of 1 or more, or Infinity */
    constructor(size: number);
    /** True if there is a slot now; it is to be given back. */
    take(): boolean;
    /** True once there is a slot, to be given back; false if `signal` aborts before that. */
    wait(signal: AbortSignal): Promise<boolean>;
    give(): void;
}

// dist/messaging/stream.d.ts

import type { Stream as StreamOperation } from '../contract/operation.js';
import { type Sent } from '../contract/shape.js';
import { SottoError } from '../errors.js';
import type { Caller, CallOptions, Stream } from '../link/face.js';
import type { Closed } from '../link/session.js';
/**
 * A stream this end began: writes `U`, iterates `D`. Leaving the iteration, and disposal, give it up unless it is over.
 * Iterators share what comes: each item goes to one.
 */
export interface Duplex<U, D> extends AsyncIterable<D>, AsyncDisposable {
    /**
     * Settled while there is room, else once there is. Of bytes a copy is taken.
     * @throws (rejects) contract/invalid, policy/denied, policy/limited, call/too-large, all of which leave the stream as it
     * was; what the stream failed with; call/cancelled if the peer takes no more; TypeError behind `end`
     */
    write(item: U): Promise<void>;
    /** Nothing more is written; settles with the writes that wait, what comes of them is in `closed`. What still comes can be read. */
    end(): Promise<void>;
    /** Gives the stream up in both directions: the handler's signal aborts. `closed` has `reason` as its error's cause. */
    abort(reason?: unknown): void;
    /** Resolves when both directions are over, clean if the handler was done without a failure; never rejects. */
    readonly closed: Promise<Closed>;
}
/** ME-30: what cannot begin is a stream that has failed, so that whoever begins one looks in one place. */
export declare const begin: (caller: Caller, contract: string, name: string, operation: StreamOperation<Sent, Sent, Sent>, value: unknown, options: CallOptions) => Duplex<unknown, unknown>;
/** Which directions of a stream carry anything: for all that is known both, of one that is none of ours. */
export interface Directions {
    readonly up: boolean;
    readonly down: boolean;
}
export declare const directionsOf: (duplex: object) => Directions;
/** ME-42: ends what goes up; where nothing comes down, that is done when the handler is. @throws what it failed with */
export declare const finish: (duplex: Pick<Duplex<never, unknown>, 'end' | 'closed'>) => Promise<void>;
/** ME-32: sends what the handler of a stream gives, no faster than the peer reads it, until it is done. */
export declare const pour: (given: unknown, stream: Stream, down: Sent) => Promise<void>;
/** ME-35: what comes up, for a handler: each item through its shape; `refused` is told of one that does not fit, and is the last. */
export declare const incomingItems: (stream: Stream, up: Sent, refused: (error: SottoError<'contract/invalid'>, item: number) => void) => AsyncIterable<unknown>;

// dist/messaging/topic.d.ts

import type { In, Out, Sent } from '../contract/shape.js';
import { type Subject, type SubjectNames } from '../contract/subject.js';
import type { PeerId } from '../identity/id.js';
import type { CallOptions } from '../link/face.js';
import { type Slow } from './topicterms.js';
/** A topic as whoever asks meets it. The subject is left out where the template has no parameters. */
export interface TopicClient<M extends Sent, S extends string> {
    /**
     * Settles once the own policy and credit have taken the message, as a one-way message does. Over credit it waits; a
     * subscriber that asked for `block` and is slow makes it wait so.
     *
     * @throws (rejects) contract/invalid, policy/denied, policy/limited, session/lost; RangeError on what is no subject
     */
    publish(...args: PublishArgs<M, S>): Promise<void>;
    /**
     * Hears what is published from `ready` on, and what is retained before that. A parameter that `filter` leaves out may be
     * anything. Over a link it is made anew in each session; what was published while there was none is not heard, and not
     * counted in `dropped`.
     *
     * @throws RangeError on a filter, credit, group or time outside its bounds; TypeError on an unknown `slow`
     */
    subscribe(filter?: Partial<Subject<S>>, options?: SubscribeOptions): Subscription<Out<M>, Subject<S>>;
}
/** A template without parameters needs no subject. */
export type Place<S extends string> = [SubjectNames<S>] extends [never] ? [] : [subject: Subject<S>];
type PublishArgs<M extends Sent, S extends string> = undefined extends In<M> ? [...Place<S>, value?: In<M>, options?: CallOptions] : [...Place<S>, value: In<M>, options?: CallOptions];
export interface SubscribeOptions extends CallOptions {
    /** Deliveries on their way to the reader at most, 1 to 65,536; 1,024 if omitted. Each is at most as large as a message. */
    readonly credit?: number;
    /**
     * What becomes of a message when as many are on their way: its publisher waits (`block`), only the newest of its subject waits
     * (`latest`), as many as the credit wait and the oldest gives way (`drop-oldest`, if omitted), or the subscription fails with
     * topic/slow once more than that would wait (`end`).
     */
    readonly slow?: Slow;
    /** Of all subscriptions with this group and filter one gets each message, and none what is retained. Rules read `label.group`. */
    readonly group?: string;
}
/**
 * What is published, one after another: in the order of each publisher. Leaving the iteration, and disposal, end it; iterators
 * share what comes. It fails with what ended it: topic/slow, policy/denied, contract/invalid, session/closed, session/lost,
 * call/cancelled.
 */
export interface Subscription<T, S> extends AsyncIterable<Heard<T, S>>, AsyncDisposable {
    /** Resolves when what is published from then on is heard; rejects with what ended it before. */
    readonly ready: Promise<void>;
}
export interface Heard<T, S> {
    readonly value: T;
    readonly subject: S;
    /** Who published it, as the service knows it; undefined if that is the service itself. */
    readonly from: PeerId | undefined;
    /** It was published before this was subscribed. */
    readonly retained: boolean;
    /** Messages that were not delivered since the last one was: they gave way, or were larger than this end takes. */
    readonly dropped: number;
}
export {};

// dist/messaging/topicterms.d.ts

import type { Wire } from '../cbor.js';
/** What becomes of messages for which a subscriber has no room. */
export type Slow = (typeof SLOW)[number];
export declare const SLOW: readonly ['block', 'latest', 'drop-oldest', 'end'];
/** TO-2: what a subscription has that does not say. */
export declare const CREDIT = 1024;
export declare const MAX_CREDIT = 65536;
/** What a subscription asks for. */
export interface Terms {
    readonly slow: Slow;
    /** Deliveries on their way that its reader has not taken, at most. */
    readonly credit: number;
}
/** TO-1: what a subscription asks for; the path of what it must not. */
export declare const termsOf: (value: Wire | undefined) => Terms | string;
export declare const isSlow: (value: unknown) => value is Slow;
export declare const isCredit: (value: unknown) => value is number;

// dist/messaging/webstream.d.ts

import { type Duplex } from './stream.js';
/** Both directions of a stream, each by itself. */
export interface WebStreams<U, D> {
    readonly readable: ReadableStream<D>;
    readonly writable: WritableStream<U>;
}
/**
 * A stream as a pair of WHATWG streams, for `pipeTo` and `pipeThrough`. Nothing is read before it is asked for, and one item at a
 * time is written, so that a slow reader at either end makes the writer at the other wait.
 *
 * Closing the writable ends what goes up; where nothing comes down it settles when the handler is done. What the stream fails with
 * is what both fail with. Cancelling the readable and aborting the writable give the stream up.
 */
export declare const toWeb: <U, D>(duplex: Duplex<U, D>) => WebStreams<U, D>;

// dist/node.d.ts

export { type AuditFileOptions, auditFile } from './link/auditfile.node.js';
export { readContract } from './link/contractfile.node.js';
export { readCredential, writeCredential } from './link/credentialfile.node.js';
export { dial } from './link/dial.node.js';
export { readAuditor, readIdentity, readIssuer, writeAuditor, writeIdentity, writeIssuer } from './link/keyfile.node.js';
export type { KnownPeers } from './link/knownpeers.js';
export { knownPeers } from './link/knownpeers.node.js';
export { link } from './link/link.node.js';
export { type Listener, listen } from './link/listen.node.js';
export type { EndpointOptions } from './link/options.js';
export { readPolicy } from './link/policyfile.node.js';
export { readTrust, revokeIn } from './link/trustfile.node.js';
export { toNode } from './messaging/nodestream.node.js';
export { fromDuplex } from './transport/duplex.node.js';
export type { Endpoint } from './transport/sockets.node.js';
export { fromChild } from './transport/stdio.node.js';

// dist/noise.d.ts

/** The Noise Protocol Framework by itself: revision 34, and `hfs` with ML-KEM-768. See spec/noise.md. */
export type { DhName, KeyPair, Provider } from './crypto/provider.js';
export { type ErrorCode, SottoError } from './errors.js';
export type { CipherState } from './noise/cipherstate.js';
export { type FallbackOptions, HandshakeState, type Turn } from './noise/handshake.js';
export { generateKeyPair } from './noise/keypair.js';
export type { EphemeralForTesting, HandshakeOptions } from './noise/options.js';
export type { Role } from './noise/patterns.js';
export type { Split } from './noise/split.js';

// dist/noise/cipherstate.d.ts

/** Noise section 3: no message is longer. */
export declare const MAX_MESSAGE = 65535;
export declare const TAG_LENGTH = 16;
/**
 * `k` and `n` of the Noise specification, section 5.1; always with a key. After the handshake each state serves one
 * direction, so that no nonce of the peer's can be spent here (NO-23). In the reserved direction of a one-way pattern,
 * and after `erase`, every call is `noise/misuse`.
 */
export declare class CipherState {
    #private;
    /**
     * The ciphertext and its 16-byte tag, freshly allocated. Spends a nonce, even if it throws.
     *
     * @param plaintext at most 65,519 bytes
     * @throws noise/exhausted, noise/misuse, RangeError on a longer plaintext
     */
    encryptWithAd(ad: Uint8Array, plaintext: Uint8Array): Uint8Array;
    /**
     * The plaintext, freshly allocated. A message that fails leaves `n` as it was: the true one can still come (5.1).
     *
     * @param ciphertext 16 to 65,535 bytes
     * @throws noise/decrypt if it is not authentic or of another length, noise/exhausted, noise/misuse
     */
    decryptWithAd(ad: Uint8Array, ciphertext: Uint8Array): Uint8Array;
    /** NO-25: `k = REKEY(k)` (4.2); `n` goes on. @throws noise/misuse */
    rekey(): void;
    /** Erases the key. Every later call but this one is `noise/misuse`. */
    erase(): void;
}

// dist/noise/handshake.d.ts

import { type HandshakeOptions } from './options.js';
import { Split } from './split.js';
/**
 * What may be done next: `write` or `read` a message, `split` once all are `done`; a state that is `spent` (by `split` or
 * `fallback`) or `failed` holds no key and does nothing.
 */
export type Turn = 'write' | 'read' | 'done' | 'spent' | 'failed';
/** What `fallback` takes: the options of the new handshake but role, ephemeral and provider, which are carried over. */
export type FallbackOptions = Pick<HandshakeOptions, 'protocol' | 'prologue' | 's' | 'rs' | 'psks'>;
/**
 * One handshake of the Noise Protocol Framework, revision 34 (section 5.3), from one side. It is used up message by
 * message: one that fails ends it for good, and nothing of it can be restored or copied.
 */
export declare class HandshakeState {
    #private;
    /**
     * `Initialize`. All bytes are copied.
     *
     * @throws noise/protocol on a name, or a key, the framework does not allow; crypto/unavailable
     */
    constructor(options: HandshakeOptions);
    get turn(): Turn;
    /**
     * NO-19: a copy of the peer's static public key, from the message that brought it (or from the start) until `split`.
     * The pattern says how far it is proved.
     */
    get remoteStatic(): Uint8Array | undefined;
    /**
     * A copy of `h` so far; it binds the channel only when `turn` is `done` (11.2).
     *
     * @throws noise/misuse once spent or failed
     */
    get handshakeHash(): Uint8Array;
    /**
     * The next message, with `payload` in it at the pattern's grade: encrypted only where a key is there.
     *
     * @throws noise/misuse out of turn and RangeError if the message would exceed 65,535 bytes, both without effect;
     * noise/failed, after which the handshake is dead
     */
    writeMessage(payload?: Uint8Array): Uint8Array;
    /**
     * The payload of the peer's next message.
     *
     * @throws noise/misuse out of turn, without effect; noise/failed, after which the handshake is dead
     */
    readMessage(message: Uint8Array): Uint8Array;
    /** NO-17: ends a handshake that is `done`; no key stays here. @throws noise/misuse */
    split(): Split;
    /**
     * NO-18: Alice's step to a `fallback` pattern (10.2): ends this handshake, of which message 1 alone is written, and
     * gives the responder's side of `options.protocol` with the same ephemeral. Bob passes that ephemeral as `re`.
     *
     * @throws noise/misuse at any other time, noise/protocol; both without effect
     */
    fallback(options: FallbackOptions): HandshakeState;
}

// dist/noise/keypair.d.ts

import type { DhName, KeyPair, Provider } from '../crypto/provider.js';
/**
 * A key pair for `dh`: 32 bytes each for 25519, 56 for 448, freshly allocated. The holder keeps it secret and erases it.
 *
 * @param secretKey what to make the pair of; random unless given
 * @throws noise/protocol on another `dh`, crypto/bad-key on another length
 */
export declare const generateKeyPair: (dh: DhName, secretKey?: Uint8Array, provider?: Provider) => KeyPair;

// dist/noise/options.d.ts

import type { KeyPair, Provider } from '../crypto/provider.js';
import { type Role } from './patterns.js';
import type { Protocol } from './protocol.js';
export interface HandshakeOptions {
    /** `Noise_XX_25519_ChaChaPoly_SHA256`; see spec/noise.md for every name allowed. */
    readonly protocol: string;
    readonly role: Role;
    /** What both sides must agree on though it is not sent; not secret. */
    readonly prologue?: Uint8Array;
    /** Our static key pair, DHLEN bytes each and belonging together; where the pattern uses one. */
    readonly s?: KeyPair;
    /** The peer's static public key; where the pattern has it as a pre-message. */
    readonly rs?: Uint8Array;
    /** The peer's ephemeral public key; where the pattern has it as a pre-message (`fallback`). */
    readonly re?: Uint8Array;
    /** Pre-shared keys in the order of the pattern's `psk` tokens: 32 secret bytes each, not all zero. */
    readonly psks?: readonly Uint8Array[];
    /** The cryptography to use; the fastest of this runtime unless said. */
    readonly provider?: Provider;
    /** For reproducible vectors only. Two handshakes with the same ephemerals give away their plaintexts. */
    readonly ephemeralForTesting?: EphemeralForTesting;
}
/** Fixed values in place of random ones; each is used for every token of its name. */
export interface EphemeralForTesting {
    /** The secret key of `e`, DHLEN bytes. */
    readonly e?: Uint8Array;
    /** The 64-byte seed `d | z` of the key pair `e1` (FIPS 203). */
    readonly e1?: Uint8Array;
    /** The 32 bytes `m` that the encapsulation `ekem1` takes. */
    readonly ekem1?: Uint8Array;
}
/**
 * NO-2, NO-3: every key the pattern uses is there with its right length, and no other.
 *
 * @throws noise/protocol
 */
export declare const checkOptions: (options: HandshakeOptions, protocol: Protocol, provider: Provider) => void;

// dist/noise/patterns.d.ts

/**
 * Handshake patterns as rows of tokens: Noise revision 34 sections 7.4, 7.5 and 18.1, in Alice-initiated form.
 * Initiator and responder messages alternate, the initiator's first.
 */
export type Role = 'initiator' | 'responder';
export type DhToken = 'ee' | 'es' | 'se' | 'ss';
export type Token = 'e' | 's' | DhToken | 'psk' | 'e1' | 'ekem1';
export type Message = readonly Token[];
export interface Pattern {
    /** The keys of each side that the other knows beforehand (7.1). */
    readonly pre: Readonly<Record<Role, Message>>;
    readonly messages: readonly Message[];
}
export declare const PATTERNS: {
    readonly N: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly ['s'];
        };
        readonly messages: readonly [readonly ["e", "es"]];
    };
    readonly K: {
        readonly pre: {
            readonly initiator: readonly ['s'];
            readonly responder: readonly ['s'];
        };
        readonly messages: readonly [readonly ["e", "es", "ss"]];
    };
    readonly X: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly ['s'];
        };
        readonly messages: readonly [readonly ["e", "es", "s", "ss"]];
    };
    readonly NN: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly [];
        };
        readonly messages: readonly [readonly ["e"], readonly ["e", "ee"]];
    };
    readonly NK: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly ['s'];
        };
        readonly messages: readonly [readonly ["e", "es"], readonly ["e", "ee"]];
    };
    readonly NX: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly [];
        };
        readonly messages: readonly [readonly ["e"], readonly ["e", "ee", "s", "es"]];
    };
    readonly XN: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly [];
        };
        readonly messages: readonly [readonly ["e"], readonly ["e", "ee"], readonly ["s", "se"]];
    };
    readonly XK: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly ['s'];
        };
        readonly messages: readonly [readonly ["e", "es"], readonly ["e", "ee"], readonly ["s", "se"]];
    };
    readonly XX: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly [];
        };
        readonly messages: readonly [readonly ["e"], readonly ["e", "ee", "s", "es"], readonly ["s", "se"]];
    };
    readonly KN: {
        readonly pre: {
            readonly initiator: readonly ['s'];
            readonly responder: readonly [];
        };
        readonly messages: readonly [readonly ["e"], readonly ["e", "ee", "se"]];
    };
    readonly KK: {
        readonly pre: {
            readonly initiator: readonly ['s'];
            readonly responder: readonly ['s'];
        };
        readonly messages: readonly [readonly ["e", "es", "ss"], readonly ["e", "ee", "se"]];
    };
    readonly KX: {
        readonly pre: {
            readonly initiator: readonly ['s'];
            readonly responder: readonly [];
        };
        readonly messages: readonly [readonly ["e"], readonly ["e", "ee", "se", "s", "es"]];
    };
    readonly IN: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly [];
        };
        readonly messages: readonly [readonly ["e", "s"], readonly ["e", "ee", "se"]];
    };
    readonly IK: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly ['s'];
        };
        readonly messages: readonly [readonly ["e", "es", "s", "ss"], readonly ["e", "ee", "se"]];
    };
    readonly IX: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly [];
        };
        readonly messages: readonly [readonly ["e", "s"], readonly ["e", "ee", "se", "s", "es"]];
    };
    readonly NK1: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly ['s'];
        };
        readonly messages: readonly [readonly ["e"], readonly ["e", "ee", "es"]];
    };
    readonly NX1: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly [];
        };
        readonly messages: readonly [readonly ["e"], readonly ["e", "ee", "s"], readonly ["es"]];
    };
    readonly X1N: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly [];
        };
        readonly messages: readonly [readonly ["e"], readonly ["e", "ee"], readonly ["s"], readonly ["se"]];
    };
    readonly X1K: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly ['s'];
        };
        readonly messages: readonly [readonly ["e", "es"], readonly ["e", "ee"], readonly ["s"], readonly ["se"]];
    };
    readonly XK1: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly ['s'];
        };
        readonly messages: readonly [readonly ["e"], readonly ["e", "ee", "es"], readonly ["s", "se"]];
    };
    readonly X1K1: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly ['s'];
        };
        readonly messages: readonly [readonly ["e"], readonly ["e", "ee", "es"], readonly ["s"], readonly ["se"]];
    };
    readonly X1X: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly [];
        };
        readonly messages: readonly [readonly ["e"], readonly ["e", "ee", "s", "es"], readonly ["s"], readonly ["se"]];
    };
    readonly XX1: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly [];
        };
        readonly messages: readonly [readonly ["e"], readonly ["e", "ee", "s"], readonly ["es", "s", "se"]];
    };
    readonly X1X1: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly [];
        };
        readonly messages: readonly [readonly ["e"], readonly ["e", "ee", "s"], readonly ["es", "s"], readonly ["se"]];
    };
    readonly K1N: {
        readonly pre: {
            readonly initiator: readonly ['s'];
            readonly responder: readonly [];
        };
        readonly messages: readonly [readonly ["e"], readonly ["e", "ee"], readonly ["se"]];
    };
    readonly K1K: {
        readonly pre: {
            readonly initiator: readonly ['s'];
            readonly responder: readonly ['s'];
        };
        readonly messages: readonly [readonly ["e", "es"], readonly ["e", "ee"], readonly ["se"]];
    };
    readonly KK1: {
        readonly pre: {
            readonly initiator: readonly ['s'];
            readonly responder: readonly ['s'];
        };
        readonly messages: readonly [readonly ["e"], readonly ["e", "ee", "se", "es"]];
    };
    readonly K1K1: {
        readonly pre: {
            readonly initiator: readonly ['s'];
            readonly responder: readonly ['s'];
        };
        readonly messages: readonly [readonly ["e"], readonly ["e", "ee", "es"], readonly ["se"]];
    };
    readonly K1X: {
        readonly pre: {
            readonly initiator: readonly ['s'];
            readonly responder: readonly [];
        };
        readonly messages: readonly [readonly ["e"], readonly ["e", "ee", "s", "es"], readonly ["se"]];
    };
    readonly KX1: {
        readonly pre: {
            readonly initiator: readonly ['s'];
            readonly responder: readonly [];
        };
        readonly messages: readonly [readonly ["e"], readonly ["e", "ee", "se", "s"], readonly ["es"]];
    };
    readonly K1X1: {
        readonly pre: {
            readonly initiator: readonly ['s'];
            readonly responder: readonly [];
        };
        readonly messages: readonly [readonly ["e"], readonly ["e", "ee", "s"], readonly ["se", "es"]];
    };
    readonly I1N: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly [];
        };
        readonly messages: readonly [readonly ["e", "s"], readonly ["e", "ee"], readonly ["se"]];
    };
    readonly I1K: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly ['s'];
        };
        readonly messages: readonly [readonly ["e", "es", "s"], readonly ["e", "ee"], readonly ["se"]];
    };
    readonly IK1: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly ['s'];
        };
        readonly messages: readonly [readonly ["e", "s"], readonly ["e", "ee", "se", "es"]];
    };
    readonly I1K1: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly ['s'];
        };
        readonly messages: readonly [readonly ["e", "s"], readonly ["e", "ee", "es"], readonly ["se"]];
    };
    readonly I1X: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly [];
        };
        readonly messages: readonly [readonly ["e", "s"], readonly ["e", "ee", "s", "es"], readonly ["se"]];
    };
    readonly IX1: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly [];
        };
        readonly messages: readonly [readonly ["e", "s"], readonly ["e", "ee", "se", "s"], readonly ["es"]];
    };
    readonly I1X1: {
        readonly pre: {
            readonly initiator: readonly [];
            readonly responder: readonly [];
        };
        readonly messages: readonly [readonly ["e", "s"], readonly ["e", "ee", "s"], readonly ["se", "es"]];
    };
};
/** The keys whose agreement each DH token means, by role: ours, then the peer's (5.3). */
export declare const DH_KEYS: {
    readonly initiator: {
        readonly ee: readonly ["e", "re"];
        readonly es: readonly ["e", "rs"];
        readonly se: readonly ["s", "re"];
        readonly ss: readonly ["s", "rs"];
    };
    readonly responder: {
        readonly ee: readonly ["e", "re"];
        readonly es: readonly ["s", "re"];
        readonly se: readonly ["e", "rs"];
        readonly ss: readonly ["s", "rs"];
    };
};
export declare const other: (role: Role) => Role;
/** Whose turn message `index` is. */
export declare const writerOf: (index: number) => Role;
export declare const isDh: (token: Token) => token is DhToken;
/** A pattern without `ee`: the recipient has no ephemeral and must never send (7.4). */
export declare const isOneWay: (pattern: Pattern) => boolean;
export declare const pskCount: (pattern: Pattern) => number;
/** All tokens by which `role` lets the other side have its keys, beforehand or in a message. */
export declare const sentBy: (pattern: Pattern, role: Role) => Message;

// dist/noise/protocol.d.ts

import type { CipherName, DhName, HashName } from '../crypto/provider.js';
import { type Message, type Pattern, type Role, type Token } from './patterns.js';
export interface Protocol {
    readonly name: string;
    readonly pattern: Pattern;
    readonly dh: DhName;
    readonly cipher: CipherName;
    readonly hash: HashName;
    /** True for a pattern with `psk`: every `e` is mixed into the key too (9.2). */
    readonly psk: boolean;
    readonly messages: readonly MessageLayout[];
}
/** One message as bytes: its fields in order, then the payload to the end. */
export interface MessageLayout {
    readonly writer: Role;
    readonly tokens: Message;
    readonly fields: readonly Field[];
    /** Bytes of the message with an empty payload: no shorter one exists. */
    readonly minimum: number;
}
/** The bytes one token puts on the wire. */
export interface Field {
    readonly token: Token;
    /** Length on the wire: with the tag where a key is there to encrypt with. */
    readonly length: number;
}
/**
 * Parses a protocol name (Noise section 8), with `+MLKEM768` behind the DH where the pattern has `hfs`:
 * `Noise_XXhfs+psk3_25519+MLKEM768_ChaChaPoly_SHA256`.
 *
 * @throws noise/protocol on anything else (NO-1)
 */
export declare const parseProtocol: (name: string) => Protocol;

// dist/noise/split.d.ts

import { CipherState } from './cipherstate.js';
/** What a finished handshake leaves. Its byte arrays are the caller's own copies. */
export declare class Split {
    #private;
    /** Encrypts to the peer. For the recipient of a one-way pattern every call is `noise/misuse`. */
    readonly send: CipherState;
    /** Decrypts from the peer. For the sender of a one-way pattern every call is `noise/misuse`. */
    readonly receive: CipherState;
    /** `h` at the end, HASHLEN bytes: the channel binding of Noise 11.2. */
    readonly handshakeHash: Uint8Array;
    /** The peer's static public key, DHLEN bytes; undefined where the pattern gives it none. */
    readonly remoteStatic: Uint8Array | undefined;
    /**
     * A secret that only the two sides can derive, apart from the transport keys:
     * HKDF-Expand(exp, lp(label) | HASH(context), length), in the handshake's own hash.
     *
     * @param label 1 to 255 characters of printable ASCII that do not start with "sotto "
     * @param length 1 to 1,024 bytes
     * @throws RangeError on another label or length, noise/misuse after `erase`
     */
    export(label: string, context: Uint8Array, length: number): Uint8Array;
    /** Erases both cipher states, the exporter's secret and the root. */
    erase(): void;
}

// dist/policy/auditrecord.d.ts

import type { Verb } from '../contract/kinds.js';
import type { PeerId } from '../identity/id.js';
import type { Direction } from './compile.js';
import type { Verdict } from './decide.js';
import type { Scalar } from './rule.js';
/** What an audit log is told: of sessions, of decisions in them, and of the policy they are made by. */
export type AuditRecord = {
    readonly kind: 'opened';
    /** The session id, in hex. */
    readonly session: string;
    readonly peer: PeerId;
    readonly role: 'initiator' | 'responder';
    /** The Noise protocol name. */
    readonly suite: string;
    /** The names of the contracts agreed on. */
    readonly uses: readonly string[];
    readonly serves: readonly string[];
} | (Judged & {
    readonly kind: 'decided';
    /** The size of the encoded body, as far as it had come. */
    readonly bytes: number;
    readonly seen?: Seen;
})
/** An exchange that stood was ended, for the policy or the peer had changed. */
 | (Judged & {
    readonly kind: 'narrowed';
})
/** `code` is that of the error it ended with, null if it was closed cleanly. */
 | {
    readonly kind: 'closed';
    readonly session: string;
    readonly peer: PeerId;
    readonly code: string | null;
}
/** At the start and at each replacement; the digest is SHA-256, in hex, of the JSON text of the loaded document. */
 | {
    readonly kind: 'policy';
    readonly epoch: number;
    readonly digest: string;
};
interface Judged {
    readonly session: string;
    readonly peer: PeerId;
    /** The decision id, which both ends compute. */
    readonly decision: string;
    readonly direction: Direction;
    readonly verb: Verb;
    readonly address: string;
    readonly verdict: Verdict;
}
/** What the rules that match read of an act, and which of them it did not meet. */
export interface Seen {
    /** By attribute; null where the value is withheld. What was read and is absent is not among them. */
    readonly read: Readonly<Record<string, Scalar | null>>;
    /** A rule id and the first condition that was not met, like `kitchen-only body.room eq "kitchen"`. */
    readonly unmet: readonly string[];
    /** What the shadow policy would have decided, if to another effect. */
    readonly shadow?: Verdict;
}
/** Bytes of an encoded record at most (PO-37). */
export declare const MAX_AUDIT = 4096;
/** Items of a list that a record shows at most. */
export declare const MAX_SHOWN = 32;
/**
 * PO-37: a record as JSON text without a newline, freshly made: keys in fixed order, printable ASCII alone (a log is shown in
 * terminals), at most 4,096 bytes; what is long is cut with a mark. Never throws.
 */
export declare const encodeAudit: (record: AuditRecord) => Uint8Array;
export {};

// dist/policy/check.d.ts

import { type Attribute, type Condition, type Rule, type Scalar } from './rule.js';
/** What a gate knows of an act, by the names rules use. Claims are not among them: they come from the peer. */
export type Attributes = Readonly<Record<string, Scalar>>;
/** `unknown` only while a late attribute has not come. */
export type Outcome = 'met' | 'unmet' | 'error' | 'unknown';
/** A condition made ready: what to read, and what becomes of it. */
export interface Check {
    readonly attribute: Attribute;
    readonly claim: string | undefined;
    readonly late: boolean;
    /** What it was made of, for those who read; none for a pattern's claim. */
    readonly condition: Condition | undefined;
    /** The outcome for a value; undefined is an absent attribute. */
    readonly test: (value: unknown) => Exclude<Outcome, 'unknown'>;
}
/** The checks of a rule: its conditions, and the size that a byte rate counts. */
export declare const checksOf: (rule: Rule) => readonly Check[];
/** PO-13: reads the attributes in order, up to the first check that is not met. Those it reads go to `reads`. */
export declare const runChecks: (checks: readonly Check[], attributes: Attributes, foreseeing: boolean, reads?: Check[]) => Outcome;
/** PO-26: what is inherited from a prototype is absent. */
export declare const ownValue: (values: Attributes, name: string) => Scalar | undefined;

// dist/policy/compile.d.ts

import type { Verb } from '../contract/kinds.js';
import type { Peer } from '../identity/peer.js';
import { type Check } from './check.js';
import type { Limit, Policy, Rule, Who } from './rule.js';
import { type Names } from './trie.js';
/** `in`: the peer does it to us; `out`: we do it to the peer. */
export type Direction = 'in' | 'out';
/** A rule whose who, verb and address match. What its checks read of claims is settled, for claims do not change. */
export interface Match {
    readonly rule: Rule;
    readonly checks: readonly Check[];
    /** PO-10: it matches only but for a claim that its pattern names. */
    readonly faulty: boolean;
}
/** A rule as it stands for one peer, verb and address: what is left to read are the attributes. */
export interface Pending {
    readonly id: string;
    readonly effect: 'allow' | 'deny';
    readonly checks: readonly Check[];
    readonly limit: Limit | undefined;
    readonly bucket: string;
}
/** A policy made ready for look-ups: for each who, the patterns of the rules that name it. Shared by all peers. */
export declare class Compiled {
    #private;
    /** In document order. */
    readonly rules: readonly Rule[];
    /** The attributes whose values may be shown, beside those that always may. */
    readonly revealed: ReadonlySet<string>;
    constructor(policy: Policy);
    /** The rules that match, in document order. */
    matching(peer: Peer, direction: Direction, verb: Verb, address: string): readonly Match[];
    /** PO-16, PO-17: what becomes of an act no rule allows or denies. Being in trust is the allow for `initiate`. */
    fallback(direction: Direction, verb: Verb): 'allow' | 'deny';
    /** All that a rule may call the peer. PO-2: compared whole; a group is one more name of its members. */
    whoOf(peer: Peer): ReadonlySet<Who>;
}
/** What is left of a rule that matches; undefined if a claim is unmet before anything else, for then it says nothing. */
export declare const pendingOf: ({ rule, checks }: Match, peer: Peer) => Pending | undefined;
/** PO-18: which bucket the limit of a rule takes from. A rule id is a token and holds no dot. */
export declare const bucketOf: (id: string, peer: Peer) => string;
export declare const namesOf: (peer: Peer) => Names;

// dist/policy/decide.d.ts

import type { Verb } from '../contract/kinds.js';
import type { Peer } from '../identity/peer.js';
import { type Attributes } from './check.js';
import type { Direction, Pending } from './compile.js';
/** What is asked: may this act be done? */
export interface Question {
    readonly peer: Peer;
    readonly direction: Direction;
    readonly verb: Verb;
    readonly address: string;
    readonly attributes: Attributes;
}
/** The answer, and the ids of the rules that made it so, in document order. */
export type Verdict = {
    readonly effect: 'allow';
    readonly rules: readonly string[];
} | {
    readonly effect: 'deny';
    readonly why: 'rule' | 'default' | 'limit' | 'error';
    readonly rules: readonly string[];
};
/** A verdict on one message of one session; both ends compute the same id. */
export type Decision = Verdict & {
    readonly id: string;
};
/** What the rules of one peer, verb and address come to, once their attributes are read. */
export interface Weighed {
    /** Undefined only while foreseeing: it is not a sure deny. */
    readonly verdict: Verdict | undefined;
    /** The allow rules that are met. */
    readonly allowing: readonly Pending[];
}
/**
 * PO-15: a deny rule that is met wins, then an error in a matching rule denies, then an allow rule that is met allows,
 * then the fallback decides (PO-50). The order of rules means nothing (PO-29).
 *
 * PO-23, PO-51: while `foreseeing`, late attributes that are absent are unknown.
 */
export declare const weigh: (rules: readonly Pending[], fallback: 'allow' | 'deny', attributes: Attributes, foreseeing: boolean) => Weighed;
export declare const deny: (why: 'rule' | 'limit' | 'error', rules: readonly {
    readonly id: string;
}[]) => Verdict;

// dist/policy/explain.d.ts

import type { Question, Verdict } from './decide.js';
import { type Ruling } from './peer.js';
/** A decision with its reasons. Values of labels, bodies and claims are not in it, unless the policy reveals them. */
export interface Explanation {
    /** What `decide` says. */
    readonly decision: Verdict;
    /** The rules whose who, verb and address match, in document order. */
    readonly rules: readonly ExplainedRule[];
    /** For a deny by default, the allow rule that would allow with the least change; for one by limit, the first that has no room. */
    readonly near?: NearRule;
}
export interface ExplainedRule {
    readonly id: string;
    readonly effect: 'allow' | 'deny';
    readonly outcome: 'met' | 'unmet' | 'error';
    /** The conditions that do not hold, like `body.room eq "cellar"`: those behind the first are not read by a decision. */
    readonly unmet: readonly string[];
    /** The attributes that a decision reads, in order, like `bytes = 12`, `body.room` (withheld) or `label.trace absent`. */
    readonly read: readonly string[];
}
export interface NearRule {
    readonly id: string;
    /** The first thing it lacks. */
    readonly misses: 'who' | 'verb' | 'address' | 'condition' | 'limit';
    /** All that it lacks, like `by role:staff; verbs call`. */
    readonly what: string;
}
/** PO-32: why `question` is decided as `decision` says, under the rules and limits that decided it. */
export declare const explain: (question: Question, decision: Verdict, ruling: Ruling, nowMs: number) => Explanation;

// dist/policy/findings.d.ts

import type { Contract } from '../contract/define.js';
import { type Policy } from './rule.js';
/** PO-41: what may be found in a document that loads, and what it means. */
export declare const FINDINGS: {
    readonly contradiction: 'the conditions of a rule can never all hold';
    readonly unreachable: 'a rule allows nothing, because deny rules without conditions deny all it speaks of';
    readonly shadowed: 'a rule changes nothing, because all it says is said by others or holds without rules';
    readonly 'only-errors': 'a rule allows nothing that is not allowed without it, and denies where its conditions are in error';
    readonly nobody: 'a rule names no one but groups without members';
    readonly 'idle-verb': 'a verb of a rule can be asked of nothing that its patterns match';
    readonly 'not-visible': 'a condition reads a field that an operation does not declare visible, and no `present` stands before it';
    readonly 'never-there': 'a condition of a rule for `initiate` alone compares what only a message has, which is an error';
    readonly 'unknown-contract': 'a pattern names a contract that is not among those the policy is held against';
    readonly duplicate: 'an entry stands twice in one list';
    readonly 'empty-group': 'a group has no members';
    readonly unused: 'no rule names the group, or no rule reads what may be revealed';
    readonly unfinished: 'the document is so large that not all of it was compared';
};
/** Something in a document that loads and is probably not what its author meant. It changes no decision. */
export interface Finding {
    /** Like `rules[3].on[0]`. */
    readonly path: string;
    readonly what: keyof typeof FINDINGS;
    /** The id of the rule it is about. */
    readonly rule?: string;
    /** The id of another rule that makes it so. */
    readonly by?: string;
    /** For people; it names rules and places, and quotes no other text of the document. */
    readonly text: string;
}
/** PO-46: patterns, conditions and members that are compared for one document. */
export declare const MAX_COMPARISONS = 10000000;
/**
 * What is probably wrong in a policy, in the order of the document.
 *
 * @param contracts those it speaks of; without any, less can be found
 */
export declare const findingsOf: (policy: Policy, contracts?: readonly Contract[]) => readonly Finding[];

// dist/policy/limits.d.ts

import type { Limit } from './rule.js';
/** Buckets a store holds at most, over all rules and peers. */
export declare const MAX_BUCKETS = 65536;
/** A rule that allows, with or without a limit. */
interface Limited {
    readonly id: string;
    /** One for each rule and peer. */
    readonly bucket: string;
    readonly limit: Limit | undefined;
}
/** What is charged: an act with its bytes, an item of an act that is open already, or bytes of it alone. */
export type Load = 'act' | 'item' | 'bytes';
/** What a charge came to: the rules without room, or the way to give `concurrent` back. */
export type Charge = {
    readonly lacking: readonly Limited[];
} | {
    readonly lacking?: never;
    readonly release: (() => void) | undefined;
};
/**
 * PO-18: what each peer has used of each rule, in the whole process. A bucket starts full, refills with time and holds
 * at most what one second gives; so a clock that steps forward gives one burst, and one that steps back gives nothing.
 */
export declare class Limits {
    #private;
    constructor(most?: number);
    /** The rules among `rules` that have no room; charges nothing. */
    lacking(rules: readonly Limited[], bytes: number, nowMs: number, load?: Load): readonly Limited[];
    /** Which parts of the limit of `rule` have no room for an act, in the order of the limit. */
    missing({ bucket, limit }: Limited, bytes: number, nowMs: number): readonly (keyof Limit)[];
    /** PO-19: charges every limit of `rules`, or none if one has no room. */
    charge(rules: readonly Limited[], bytes: number, nowMs: number, load?: Load): Charge;
}
export {};

// dist/policy/pattern.d.ts

import type { Verb } from '../contract/kinds.js';
/** One element of a pattern; `rest` stands last only. */
export type Element = {
    readonly is: 'literal';
    readonly text: string;
} | {
    readonly is: 'one';
} | {
    readonly is: 'rest';
} | {
    readonly is: 'peer';
} | {
    readonly is: 'claim';
    readonly name: string;
};
/** Characters of a pattern: 255 of an address, and room for the names of claims. */
export declare const MAX_PATTERN = 1024;
/** The texts of the elements of a pattern; two elements that match alike have the same. */
export declare const elementTexts: (pattern: string) => readonly string[];
/** PO-6: the elements of a pattern, or undefined if it is none. */
export declare const parsePattern: (text: string) => readonly Element[] | undefined;
/** PO-7: whether the pattern can match anything that the verb can be asked of. */
export declare const canMatch: (pattern: readonly Element[], verb: Verb) => boolean;
/**
 * PO-8: whether an address can be asked about: a contract for `initiate`, else an address, which for `subscribe` and
 * `consume` may hold `*` for whole tokens.
 */
export declare const isAskable: (verb: Verb, address: string) => boolean;

// dist/policy/peer.d.ts

import type { Verb } from '../contract/kinds.js';
import type { Peer } from '../identity/peer.js';
import { type AuditRecord, type Seen } from './auditrecord.js';
import type { Attributes } from './check.js';
import type { Compiled, Direction } from './compile.js';
import { type Verdict } from './decide.js';
import type { Limits } from './limits.js';
import { type Needs } from './plan.js';
/** A verdict, and what an audit record tells of it; that is there only while it is audited. */
export type Judgement = Verdict & {
    readonly seen?: Seen;
};
/**
 * A judgement; where `concurrent` counts the exchange, the way to give its place back when it ends; and where a rule limits
 * bytes, the way to charge more of them: the rules that have no room, none if it is charged.
 */
export type Admission = Judgement & {
    readonly release?: () => void;
    readonly spend?: Spend;
};
/** What is asked about: one act, or an item of one that is open; or `nothing` is charged, whatever is decided. */
export type Load = 'act' | 'item' | 'nothing';
export type Spend = (bytes: number, nowMs: number) => readonly string[];
/** Rules, and what their limits have counted. */
export interface Ruling {
    readonly compiled: Compiled;
    readonly limits: Limits;
}
/** The policy in force: the store, as a PeerPolicy sees it. */
export interface Source extends Ruling {
    readonly epoch: number;
    /** Asked beside the policy in force, and decides nothing. */
    readonly shadow: Ruling | undefined;
    /** Takes an encoded record; false if it was dropped. */
    readonly audit: ((record: Uint8Array) => boolean) | undefined;
}
/** The policy as it stands for one peer. It follows the store: after a replacement the next answer is by the new rules. */
export declare class PeerPolicy {
    #private;
    constructor(source: Source, peer: Peer);
    /** The epoch of the rules that the next answer comes from. */
    get epoch(): number;
    /** Lets go of what was worked out under another policy, and of that policy: a peer that is silent would keep it. */
    forgetOther(): void;
    /** Whether anybody hears `audit`. */
    get audited(): boolean;
    /** Tells the audit log; never throws. */
    audit(record: AuditRecord): void;
    /** What `admit` will read. With `nothing`, the attributes may be empty. */
    needs(direction: Direction, verb: Verb, address: string): Needs;
    /**
     * PO-23: a deny that is already sure before the whole message has come, or undefined. `bytes`, `state` and `body.*` are
     * unknown where they are not among the attributes; all others are absent.
     */
    foresee(direction: Direction, verb: Verb, address: string, attributes: Attributes): Judgement | undefined;
    /**
     * The decision. If it is an allow, the limits of all rules that allow are charged together; if one has no room, none is
     * charged and it is a deny.
     *
     * @param attributes without claims
     * @param nowMs of any clock, but always the same one: limits refill by it
     * @param load `item` for one more of an exchange that has its place, `nothing` for what will not be: its limits are looked at
     */
    admit(direction: Direction, verb: Verb, address: string, attributes: Attributes, nowMs: number, load?: Load): Admission;
    /** As `admit`, and charges nothing. */
    decide(direction: Direction, verb: Verb, address: string, attributes: Attributes, nowMs: number): Verdict;
    /**
     * What the rules alone say of an act that was admitted: no limit is looked at or charged.
     *
     * @param attributes all that was known of it, whatever `needs` said: other rules may read more
     */
    stands(direction: Direction, verb: Verb, address: string, attributes: Attributes): Verdict;
    /**
     * PO-58: what the rules alone say of a message that is handed to a subscription or a consumer. Something is seen of it
     * where the audit log is to be told: of a deny, and of what the shadow decides otherwise. No limit is charged (PO-59).
     */
    hand(direction: Direction, verb: Verb, address: string, attributes: Attributes): Judgement;
}
/** Tells `audit`, if there is one (PO-39). */
export declare const tell: (audit: Source['audit'], record: AuditRecord) => void;
/** Only a rule with a byte rate counts it, and such a rule has checked it. */
export declare const bytesOf: ({ bytes }: Attributes) => number;

// dist/policy/plan.d.ts

import type { Verb } from '../contract/kinds.js';
import type { Peer } from '../identity/peer.js';
import type { Seen } from './auditrecord.js';
import type { Attributes } from './check.js';
import { type Compiled, type Direction, type Match, type Pending } from './compile.js';
import { type Verdict } from './decide.js';
/** What a decision reads beside verb and address: nothing, what comes with the start of a message, or the whole of it. */
export type Needs = 'nothing' | 'head' | 'body';
/** All that can be said of a verb at an address before an act comes. */
export interface Plan {
    readonly rules: readonly Pending[];
    readonly fallback: 'allow' | 'deny';
    readonly needs: Needs;
    readonly limited: boolean;
    /** The verdict, where nothing is left to read or to count. */
    readonly settled: Verdict | undefined;
    /** The rules that read attributes, and what is seen of the others; both empty where nobody is told. */
    readonly reading: readonly Match[];
    readonly seen: Seen;
}
/** Plans kept for a peer; beyond, they are all forgotten, for the peer chooses the addresses. */
export declare const MAX_PLANS = 512;
/** Rules that the plans of a peer hold together: one address can be met by all of a document. */
export declare const MAX_PLANNED = 65536;
/** What one policy comes to for one peer, made when it is first asked. */
export declare class Plans {
    #private;
    /** @param watched whether it will be told what the rules read */
    constructor(peer: Peer, watched: boolean);
    /** The plan under `compiled`; those under another policy are forgotten. */
    of(compiled: Compiled, direction: Direction, verb: Verb, address: string): Plan;
    /** Lets go of all that is not of `compiled`. */
    forgetOther(compiled: Compiled | undefined): void;
}
/** The verdict of the rules alone, and the allow rules that are met. */
export declare const judge: ({ settled, rules, fallback }: Plan, attributes: Attributes) => {
    readonly verdict: Verdict;
    readonly allowing: readonly Pending[];
};

// dist/policy/rule.d.ts

import type { Verb } from '../contract/kinds.js';
import type { PeerId } from '../identity/id.js';
/** Whom a rule speaks of. `any` is everyone who is authenticated; there is no one else. */
export type Who = PeerId | `name:${string}` | `role:${string}` | `group:${string}` | 'any';
/** What a group may hold: no group, so that membership is one look-up and cannot go in circles. */
export type Member = Exclude<Who, `group:${string}`>;
/** One rule. `by` speaks of what a peer does to us, `to` of what we do to a peer; it has exactly one of them. */
export type Rule = {
    /** 1 to 64 letters, digits, `-` or `_`; decisions and audit records name it. */
    readonly id: string;
    readonly effect: 'allow' | 'deny';
    readonly verbs: readonly Verb[];
    /** Patterns of addresses, any of which must match. */
    readonly on: readonly string[];
    /** All must hold; read in order. "Or" is a second rule. */
    readonly when?: readonly Condition[];
    /** For allow rules only. */
    readonly limit?: Limit;
} & ({
    readonly by: readonly Who[];
    readonly to?: never;
} | {
    readonly to: readonly Who[];
    readonly by?: never;
});
export interface Condition {
    readonly attribute: Attribute;
    readonly is: Operator;
    /** A list for `in` and `not-in`, absent for `present` and `absent`. */
    readonly value?: Scalar | readonly (string | number)[];
}
/** What one peer may do under one rule; counted over all sessions of the peer. */
export interface Limit {
    /** Acts a second, with as many at once (at least one). */
    readonly perSecond?: number;
    /** Bytes a second, with as many at once. A larger message is never admitted. */
    readonly bytesPerSecond?: number;
    /** Exchanges open at the same time. */
    readonly concurrent?: number;
}
export interface Policy {
    readonly $schema?: string;
    readonly version: 1;
    readonly groups?: Readonly<Record<string, readonly Member[]>>;
    readonly rules: readonly Rule[];
    /** What becomes of our own acts that no rule speaks of; `allow` unless said. */
    readonly outbound?: 'allow' | 'deny';
    /** The labels, fields and claims whose values explanations and audit records may show. */
    readonly reveal?: readonly Attribute[];
}
export type Scalar = string | number | boolean;
type ScalarType = 'string' | 'number' | 'boolean';
/** PO-11: the attributes without a name of their own, and the type each has. */
declare const FIXED: {
    readonly bytes: 'number';
    readonly ttlMs: 'number';
    readonly state: 'string';
    readonly suite: 'string';
    readonly ageMs: 'number';
    readonly time: 'number';
};
/** PO-11: the attributes that are named, and the types each may have. */
declare const NAMED: {
    readonly label: readonly ["string"];
    readonly body: readonly ["string", "number", "boolean"];
    readonly claim: readonly ["string", "number", "boolean"];
};
export type Attribute = keyof typeof FIXED | `${keyof typeof NAMED}.${string}`;
/** The types an attribute may have, or undefined if there is no such attribute. */
export declare const typesOfAttribute: (attribute: string) => readonly ScalarType[] | undefined;
/** True for what is known only once the whole message has come: its size, its body, and where that leads a conversation. */
export declare const isLate: (attribute: string) => boolean;
/** Whether its value comes from the message or a credential, and so is shown only if the policy reveals it. */
export declare const isWithheld: (attribute: string) => boolean;
/** The claim an attribute names; claims come from the peer, never from a message. */
export declare const claimOf: (attribute: string) => string | undefined;
/** PO-12: the operators, and the form of the value each takes. */
export declare const OPERATORS: {
    readonly eq: 'scalar';
    readonly ne: 'scalar';
    readonly lt: 'number';
    readonly le: 'number';
    readonly gt: 'number';
    readonly ge: 'number';
    readonly in: 'list';
    readonly 'not-in': 'list';
    readonly present: 'none';
    readonly absent: 'none';
};
export type Operator = keyof typeof OPERATORS;
export declare const isOperator: (text: string) => text is Operator;
export {};

// dist/policy/store.d.ts

import type { Contract } from '../contract/define.js';
import type { Question, Verdict } from './decide.js';
import { type Explanation } from './explain.js';
import { type Finding } from './findings.js';
/** A policy that can be replaced while sessions live, and what its limits have counted. */
export interface PolicyStore {
    /** Counts the replacements. */
    readonly epoch: number;
    /** What the policy in force probably says other than it was meant to; it is looked for when it is first read. */
    readonly findings: readonly Finding[];
    /**
     * Puts another document in force, at once and for all sessions; on an error the old one stays. What limits have counted
     * is kept for rules of the same id.
     *
     * @throws SottoError policy/malformed
     */
    replace(document: unknown): void;
    /**
     * Asks another shadow policy beside the one in force, with limits that start anew, or with undefined none any more.
     *
     * @throws SottoError policy/malformed; the old one stays
     * @throws TypeError without an audit, for nobody would hear of it
     */
    replaceShadow(document: unknown): void;
    /** What would be decided; charges nothing. `nowMs` is of the clock that admits. */
    decide(question: Question, nowMs: number): Verdict;
    /** What `decide` says and why, for people: it looks at every rule, and takes its time. */
    explain(question: Question, nowMs: number): Explanation;
}
export interface PolicyOptions {
    /** What a document says of these contracts must fit them; what it says of others is not looked at. */
    readonly contracts?: readonly Contract[];
    /** A document that decides nothing: where its effect is another, the audit record of the decision says so. */
    readonly shadow?: unknown;
    /**
     * Called with each audit record: a JSON object in UTF-8 of at most 4,096 bytes, its own to keep. False says that it was
     * dropped. It must not throw and not block.
     */
    readonly audit?: (record: Uint8Array) => boolean;
}
/**
 * @param document plain data, as JSON gives it; undefined is a policy without rules, which denies every act of a peer
 * @throws SottoError policy/malformed
 * @throws TypeError for a shadow without an audit
 */
export declare const policyStore: (document: unknown, options?: PolicyOptions) => PolicyStore;

// dist/policy/trie.d.ts

import type { Element } from './pattern.js';
/** What a walk needs of the peer: its id, and the token a claim gives, if it gives one. */
export interface Names {
    readonly id: string;
    claim(name: string): string | undefined;
}
/** What matched: surely, or only if a claim had been there (PO-10). */
export interface Found<T> {
    readonly sure: Set<T>;
    readonly faulty: Set<T>;
}
/** PO-53: how one pattern meets the elements: surely, only if a claim had been there, or not at all. */
export declare const meets: (pattern: readonly Element[], elements: readonly string[], names: Names) => 'sure' | 'faulty' | 'no';
/** Patterns, element by element, so that the number of rules does not matter to a look-up. */
export declare class Trie<T> {
    #private;
    insert(pattern: readonly Element[], item: T): void;
    /**
     * PO-9: adds the items of every pattern that matches the elements from `at` on. A `*` among the elements, of a
     * subscription, is matched by `*` and `>` alone: so a pattern that matches it holds all it stands for.
     */
    find(elements: readonly string[], names: Names, found: Found<T>, at?: number, faulty?: boolean): void;
}

// dist/session/agreement.d.ts

import type { Contract } from '../contract/define.js';
import { type Verb } from '../contract/kinds.js';
import { type Row } from '../contract/row.js';
import { type Template } from '../contract/subject.js';
import type { Hash } from '../crypto/provider.js';
import type { Acceptance, Initiation, Offer } from './initiation.js';
/** One operation both ends agreed on; its index in a direction's list is its number on the wire (SE-26). */
export interface Route {
    readonly contract: string;
    readonly row: Row;
    readonly template: Template;
    /** What policy calls an act of this kind. */
    readonly verb: Verb;
    /** Where in a topic or queue; empty for none, and in the lists. */
    readonly subject: string;
    /** Of a topic or queue: what stands, a subscription or a consumer. */
    readonly standing: boolean;
    /** With the subject. */
    readonly address: string;
    /** Where messages of the operation went last: to know an address again costs less than to put it together. */
    readonly known: Map<string, Route>;
}
/** SE-143, SE-144: the route of a message that says so of itself; undefined where its operation has no such thing. */
export declare const routeAt: (route: Route, subject: string, standing: boolean) => Route | undefined;
/** Whether what is begun has no answer. */
export declare const isOneWay: ({ verb }: Route) => boolean;
/** Both directions' numbering; undefined marks a row only the other end has, which is never sent to it. */
export interface Agreement {
    /** What the initiator may begin. */
    readonly forward: readonly (Route | undefined)[];
    /** What the responder may begin. */
    readonly backward: readonly (Route | undefined)[];
    /** Names of the contracts in each direction. */
    readonly forwardContracts: readonly string[];
    readonly backwardContracts: readonly string[];
}
export declare const offerOf: (hash: Hash, contract: Contract) => Offer;
/**
 * The responder's answer: all that the initiator uses, and what this end uses where it is offered (SE-24, SE-25).
 * @throws contract/unserved, contract/changed
 */
export declare const answer: (hash: Hash, initiation: Initiation, own: {
    readonly uses: readonly Contract[];
    readonly serves: readonly Contract[];
}) => Pick<Acceptance, 'serves' | 'uses'>;
/** Both ends compute the same numbering from the initiator's offers and the indices taken (SE-26). @throws session/malformed */
export declare const agree: (initiation: Initiation, taken: Pick<Acceptance, 'serves' | 'uses'>, own: {
    readonly forward: readonly Contract[];
    readonly backward: readonly Contract[];
}) => Agreement;

// dist/session/conversations.d.ts

import type { Peer } from '../identity/peer.js';
import type { Route } from './agreement.js';
/**
 * The conversations that the services of this end hold, as the engine asks of them: synchronous, and outliving sessions. An instance
 * is (contract, peer, key).
 */
export interface Conversations {
    peek(route: Route, peer: Peer, key: string, nowMs: number): Peeked;
    /** Takes a place behind the steps that wait; or says what could have come. */
    enter(route: Route, peer: Peer, key: string, nowMs: number): Step | Misstep;
}
/** What is found of a conversation before a step takes a place in it. */
export interface Peeked {
    /** Where the instance is once every step before has had its turn, if all of them commit: what rules read as `state`. */
    readonly state: string;
    /** Whether `enter` would give a step now. */
    readonly mayCome: boolean;
}
/** A message of a conversation that was let in and has not had its outcome. */
export interface Step {
    readonly is: 'step';
    /** No handler will see it. Of one whose handler has begun, or that is over, it has no effect. */
    drop(): void;
}
/** Refused with `flow/refused`. */
export interface Misstep {
    readonly is: 'misstep';
    readonly state: string;
    readonly expected: readonly string[];
}

// dist/session/decision.d.ts

/** The way a message travels: from the initiator to the responder, or back. */
export type Way = 'ir' | 'ri';
/**
 * The name of one decision, the same at both ends and never sent (SE-60): the first 8 bytes of the session id in hex, the
 * way, the exchange, the message's index in it. Exchange 0 is the initiation, or an act that was never sent.
 */
export declare const decisionId: (sessionId: string, way: Way, exchange: number, index: number) => string;

// dist/session/delivery.d.ts

import type { Wire } from '../cbor.js';
import { type Route } from './agreement.js';
/** A message on its way to a subscription or a consumer of the peer. */
export interface Delivery {
    /** Of the message: without `*`. */
    readonly subject: string;
    /** One CBOR item, as it goes out; borrowed until it is framed, and for as many as have it. */
    readonly item: Uint8Array;
    /** Size of the message itself, and the message, for rules that read of it. */
    readonly bytes: number;
    readonly content: () => Wire | undefined;
}
/** What was delivered is at an address of its own: what stands may have `*` in its. */
export declare const addressOf: (route: Route, { subject }: Delivery) => string;

// dist/session/flows.d.ts

import type { Wire } from '../cbor.js';
import type { Peer } from '../identity/peer.js';
import type { Route } from './agreement.js';
import type { Conversations, Misstep, Peeked, Step } from './conversations.js';
/** The conversations that the services of a side hold, by contract. */
export type ConversationsOf = ReadonlyMap<string, Conversations>;
/** A message of a conversation, before rules have read the state of it. */
export interface Stepping extends Peeked {
    /** Once they have let it in. */
    enter(): Step | Misstep;
}
/** SE-153: where a message is in its conversation; undefined if it does not say which. Only for a row that a flow names: no other is a step (CV-7). */
export declare const stepping: (conversations: ConversationsOf, route: Route, { value, peer, nowMs }: {
    readonly value: Wire | undefined;
    readonly peer: Peer;
    readonly nowMs: number;
}) => Stepping | undefined;
/** The field that says which. */
export declare const keyOf: ({ row }: Route) => string;

// dist/session/frames.d.ts

/** The frames of a record (SE-30). Type 0 is padding. */
export declare const FRAMES: {
    readonly ACCEPT: {
        readonly type: 1;
        readonly event: 'accept';
        readonly last: true;
    };
    readonly REFUSE: {
        readonly type: 2;
        readonly event: 'refuse';
        readonly last: true;
    };
    readonly BEGIN: {
        readonly type: 3;
        readonly event: 'data';
        readonly last: false;
    };
    readonly DATA: {
        readonly type: 4;
        readonly event: 'data';
        readonly last: false;
    };
    readonly FAULT: {
        readonly type: 5;
        readonly event: 'data';
        readonly last: false;
    };
    readonly RESET: {
        readonly type: 6;
        readonly event: 'data';
        readonly last: false;
    };
    readonly STOP: {
        readonly type: 7;
        readonly event: 'data';
        readonly last: false;
    };
    readonly CREDIT: {
        readonly type: 8;
        readonly event: 'data';
        readonly last: false;
    };
    readonly PING: {
        readonly type: 9;
        readonly event: 'ping';
        readonly last: false;
    };
    readonly PONG: {
        readonly type: 10;
        readonly event: 'ping';
        readonly last: false;
    };
    readonly REKEY: {
        readonly type: 11;
        readonly event: 'rekey';
        readonly last: true;
    };
    readonly REFRESH: {
        readonly type: 12;
        readonly event: 'refresh';
        readonly last: false;
    };
    readonly CREDENTIAL: {
        readonly type: 13;
        readonly event: 'credential';
        readonly last: false;
    };
    readonly DRAIN: {
        readonly type: 14;
        readonly event: 'drain';
        readonly last: false;
    };
    readonly END: {
        readonly type: 15;
        readonly event: 'end';
        readonly last: true;
    };
};
export type FrameName = keyof typeof FRAMES;
/** Frames of one record, at most (CH-9). */
export declare const MAX_FRAMES = 4096;
/** Labels of one BEGIN, and bytes of a value (SE-33). */
export declare const MAX_LABELS = 16;
export declare const MAX_LABEL_VALUE = 256;
/** Bytes of a REFUSE's detail: one address. */
export declare const MAX_DETAIL = 255;
/** Bytes of a CREDENTIAL's credential (SE-100). */
export declare const MAX_CREDENTIAL = 4096;
/** Flag bits of BEGIN and DATA (SE-32). */
export declare const FLAG: {
    /** The sender's direction of the exchange ends with this frame. */
    readonly end: 1;
    /** The message goes on in the exchange's next DATA. */
    readonly more: 2;
    /** BEGIN only: labels follow. */
    readonly labels: 4;
    /** BEGIN only: the subject of a topic or queue follows (SE-143). */
    readonly subject: 8;
    /** BEGIN only: of a topic or queue, what stands: a subscription or a consumer (SE-144). */
    readonly standing: 16;
};
export type Labels = Readonly<Record<string, string>>;
export declare const NO_LABELS: Labels;
export interface Begin {
    readonly is: 'BEGIN';
    readonly exchange: number;
    readonly operation: number;
    /** Tokens joined by dots; empty for none. */
    readonly subject: string;
    readonly standing: boolean;
    readonly end: boolean;
    readonly more: boolean;
    /** Time to live in ms; 0 is none. */
    readonly ttlMs: number;
    readonly labels: Labels;
    readonly body: Uint8Array;
}
export interface Data {
    readonly is: 'DATA';
    readonly exchange: number;
    readonly end: boolean;
    readonly more: boolean;
    readonly body: Uint8Array;
}
/** Bodies are views of the record's plaintext, which belongs to the frame's reader. */
export type Frame = {
    readonly is: 'ACCEPT';
    readonly body: Uint8Array;
} | {
    readonly is: 'REFUSE';
    readonly code: number;
    readonly detail: string;
} | Begin | Data | {
    readonly is: 'FAULT';
    readonly exchange: number;
    readonly code: number;
    readonly body: Uint8Array;
} | {
    readonly is: 'RESET';
    readonly exchange: number;
    readonly code: number;
    readonly size: number;
} | {
    readonly is: 'STOP';
    readonly exchange: number;
    readonly code: number;
} | {
    readonly is: 'CREDIT';
    readonly exchange: number;
    readonly limit: number;
} | {
    readonly is: 'PING';
    readonly count: number;
} | {
    readonly is: 'PONG';
    readonly count: number;
} | {
    readonly is: 'REKEY';
    readonly generation: number;
} | {
    readonly is: 'REFRESH';
    readonly body: Uint8Array;
} | {
    readonly is: 'CREDENTIAL';
    readonly body: Uint8Array;
} | {
    readonly is: 'DRAIN';
    readonly last: number;
} | {
    readonly is: 'END';
    readonly code: number;
};
/** All frames of one plaintext, in order; the whole record before any is applied (CH-9). @throws session/malformed */
export declare const decodeFrames: (plaintext: Uint8Array) => readonly Frame[];

// dist/session/framewriter.d.ts

import { type Frame, type Labels } from './frames.js';
/** Every frame but BEGIN and DATA, as bytes of its own. */
export declare const encodeFrame: (frame: Exclude<Frame, {
    readonly is: 'BEGIN' | 'DATA';
}>) => Uint8Array;
/** What a BEGIN says of its message, apart from exchange, flags and body. */
export interface BeginHead {
    readonly operation: number;
    /** As made by `encodeSubject`; empty for none. */
    readonly subject: Uint8Array;
    readonly standing: boolean;
    readonly ttlMs: number;
    /** As made by `encodeLabels`; empty for none. */
    readonly labels: Uint8Array;
}
/** Writes a BEGIN at `at`; returns the offset behind it. `out` must have room. */
export declare const writeBegin: (out: Uint8Array, at: number, exchange: number, head: BeginHead, flags: number, body: Uint8Array) => number;
/** Writes a DATA at `at`; returns the offset behind it. `out` must have room. */
export declare const writeData: (out: Uint8Array, at: number, exchange: number, flags: number, body: Uint8Array) => number;
/** Bytes of a subject that is not empty, as made by `encodeSubject`: tokens are ASCII. */
export declare const subjectLength: ({ length }: string) => number;
/** A length, then the text, which fits its operation; empty for none. */
export declare const encodeSubject: (subject: string) => Uint8Array;
/** Count, then name and value each with a length, rising by name; empty for none. @throws RangeError outside the grammar (SE-33) */
export declare const encodeLabels: (labels: Labels) => Uint8Array;

// dist/session/gate.d.ts

import type { Wire } from '../cbor.js';
import { type Verb } from '../contract/kinds.js';
import type { Peer } from '../identity/peer.js';
import type { Decision, Verdict } from '../policy/decide.js';
import type { Judgement, Load, PeerPolicy } from '../policy/peer.js';
import { type Route } from './agreement.js';
import { type Way } from './decision.js';
import { type Delivery } from './delivery.js';
import type { Labels } from './frames.js';
import type { BeginHead } from './framewriter.js';
import { Trail } from './trail.js';
/** What is known of a message before its body. */
export interface Head {
    readonly route: Route;
    readonly ttlMs: number;
    readonly labels: Labels;
    /** Of the conversation it is of. */
    readonly state: string | undefined;
}
/** An own message, ready to be framed. */
export interface Prepared extends BeginHead {
    readonly route: Route;
    readonly state: string | undefined;
    readonly body: Uint8Array;
    /** Its labels, as rules read them. */
    readonly named: Labels;
}
/** A whole message: what rules read of its body, and the bytes it takes. */
export interface Message extends Head {
    readonly value: Wire | undefined;
    readonly bytes: number;
    readonly outgoing: Prepared | undefined;
    /** Of the messages of its sender in the exchange: 0 begins it, the items of a stream follow. */
    readonly index: number;
}
export type Denial = Extract<Decision, {
    readonly effect: 'deny';
}>;
/** A denial that has no id yet. */
export type Denied = Extract<Verdict, {
    readonly effect: 'deny';
}>;
type Direction = 'in' | 'out';
/** Proof that the policy let a message through. Only the gate makes one; only it can be dispatched or framed (SE-55). */
export declare class Admitted {
    #private;
    readonly verb: Verb;
    readonly address: string;
    readonly peer: Peer;
    private constructor();
    /** The decision's id, the same at both ends; empty for an own message, which is not framed yet. */
    get decision(): string;
    /** True for what the gate made, whatever the compiler was told. */
    static is(value: unknown): value is Admitted;
}
/** The one place where a message is admitted or refused, for one session (SE-55). */
export declare class Gate {
    #private;
    readonly trail: Trail;
    constructor(of: {
        readonly peer: Peer;
        readonly policy: PeerPolicy;
        readonly sessionId: string;
        readonly outbound: Way;
        readonly suite: string;
        readonly epochMs: number;
        readonly openedMs: number;
    });
    get peer(): Peer;
    get policy(): PeerPolicy;
    /** Rises with every change of the policy or of the peer: an answer of before is none any more. */
    get epoch(): number;
    /** The peer is another by what it shows: every decision is about who it is now (SE-106). */
    renew(peer: Peer, policy: PeerPolicy): void;
    /** A refusal that no body could change, before a byte of it is decoded or reassembled (SE-56); `bytes` of it have come. */
    foresee(head: Head, exchange: number, bytes: number, nowMs: number): Denial | undefined;
    /** Whether rules read more of a message of `route` than its head. */
    readsBody(direction: Direction, route: Route): boolean;
    judge(direction: Direction, message: Message, exchange: number, nowMs: number, load?: Load): Admitted | Denial;
    /**
     * PO-58: the answer of the rules alone on handing a message to what stands: may the peer hear it, and may it go to that
     * peer? Something is seen of it where the audit log is to be told.
     */
    hand(head: Head, delivery: Delivery, nowMs: number): Judgement;
    /** The decision id of a message of `exchange`; 0 numbers an act that was never sent. */
    decision(direction: Direction, exchange: number, index?: number): string;
}
export {};

// dist/session/initiation.d.ts

import { type Wire } from '../cbor.js';
import { type Limits } from './limits.js';
/** Contracts a list offers, at most (SE-21). */
export declare const MAX_OFFERS = 256;
/** One contract with the digests of its rows, rising by operation name: [contract, [+ [operation, digest]]]. */
export interface Offer {
    readonly contract: string;
    readonly operations: readonly {
        readonly name: string;
        readonly digest: Uint8Array;
    }[];
}
/** What the initiator asks for in message 3 (SE-21). */
export interface Initiation {
    readonly uses: readonly Offer[];
    readonly serves: readonly Offer[];
    readonly context: Wire;
    readonly limits: Limits;
    readonly service: string;
}
/** What the responder agrees to in ACCEPT (SE-22). */
export interface Acceptance {
    /** Indices into the initiator's `uses`: all of them, rising. */
    readonly serves: readonly number[];
    /** Indices into the initiator's `serves`, rising. */
    readonly uses: readonly number[];
    readonly context: Wire;
    readonly limits: Limits;
}
export declare const encodeInitiation: (initiation: Initiation) => Uint8Array;
/** @throws session/malformed, session/extension (SE-21, SE-23) */
export declare const decodeInitiation: (bytes: Uint8Array) => Initiation;
export declare const encodeAcceptance: (acceptance: Acceptance) => Uint8Array;
/** @throws session/malformed, session/extension (SE-22, SE-23) */
export declare const decodeAcceptance: (bytes: Uint8Array) => Acceptance;

// dist/session/limits.d.ts

/** What each receiver declares; a sender obeys the declared value or its own, whichever is less (SE-20). */
export declare const LIMITS: {
    readonly plaintext: {
        readonly key: 1;
        readonly default: 65519;
        readonly floor: 1024;
        readonly ceiling: 65519;
        readonly unit: 'bytes of a record plaintext';
    };
    readonly message: {
        readonly key: 2;
        readonly default: number;
        readonly floor: 1024;
        readonly ceiling: number;
        readonly unit: 'bytes of a reassembled message';
    };
    readonly exchanges: {
        readonly key: 3;
        readonly default: 256;
        readonly floor: 1;
        readonly ceiling: 65535;
        readonly unit: 'open exchanges of a side';
    };
    readonly exchangeWindow: {
        readonly key: 4;
        readonly default: number;
        readonly floor: 4096;
        readonly ceiling: number;
        readonly unit: 'bytes';
    };
    readonly sessionWindow: {
        readonly key: 5;
        readonly default: number;
        readonly floor: 4096;
        readonly ceiling: number;
        readonly unit: 'bytes';
    };
    readonly idleMs: {
        readonly key: 6;
        readonly default: 60000;
        readonly floor: 1000;
        readonly ceiling: 86400000;
        readonly unit: 'ms without a record';
    };
};
export type LimitName = keyof typeof LIMITS;
export type Limits = Readonly<Record<LimitName, number>>;
/** The defaults with `own` laid over. @throws RangeError on an unknown name or a value outside floor..ceiling */
export declare const limitsOf: (own?: Readonly<Record<string, number>>) => Limits;
/** As a map of exactly the six keys (SE-20). */
export declare const encodeLimits: (limits: Limits) => ReadonlyMap<number, number>;
/** @throws session/malformed unless all six keys, no other, each within floor..ceiling */
export declare const decodeLimits: (map: ReadonlyMap<number, unknown>) => Limits;
/** What this side may send: the peer's word or our own, whichever is less. */
export declare const lesser: (own: Limits, declared: Limits) => Limits;

// dist/session/side.d.ts

import type { Wire } from '../cbor.js';
import type { Contract } from '../contract/define.js';
import type { Provider } from '../crypto/provider.js';
import type { Expected } from '../identity/expected.js';
import type { PeerId } from '../identity/id.js';
import type { Identity } from '../identity/identity.js';
import type { Peer } from '../identity/peer.js';
import type { PolicyStore } from '../policy/store.js';
import type { ConversationsOf } from './flows.js';
import type { Limits } from './limits.js';
import type { PostQuantum } from './suites.js';
/** What one end brings to a session, whichever role it has. */
export interface Side {
    readonly identity: Identity;
    readonly provider: Provider;
    readonly policy: PolicyStore;
    readonly uses: readonly Contract[];
    readonly serves: readonly Contract[];
    /** Of the contracts it serves that have a flow. */
    readonly conversations?: ConversationsOf;
    readonly context: Wire;
    /** The service asked for, or offered; empty for none. */
    readonly service: string;
    readonly pq: PostQuantum;
    readonly limits: Limits;
    /** Lowers when keys are replaced: after so many records, or plaintext bytes, or by fresh ephemerals after so many ms. */
    readonly rekey: {
        readonly records?: number;
        readonly bytes?: number;
        readonly refreshMs?: number;
    };
    /** How long the plaintext of a record is made: as it is, up to one of a few lengths, or up to a multiple of so many bytes. */
    readonly padding: 'none' | 'buckets' | {
        readonly multiple: number;
    };
    /** Told every secret of the session, a line each: for debugging only. */
    readonly keyLog?: (line: string) => void;
    /** From start to ACCEPT (SE-9). */
    readonly handshakeMs: number;
    /** A record is sent at least this often, so that a held one cannot run late unnoticed. */
    readonly keepaliveMs: number;
    /** Unix time in ms at the clock's zero: what rules see as `time`. */
    readonly epochMs: number;
}
export interface InitiatorSide extends Side {
    readonly expected: Expected;
    /** With it psk suites alone are listed (SE-80). */
    readonly psk?: Psk;
}
export interface ResponderSide extends Side {
    /** The trusted peer of an id, or undefined. `unixMs` is Unix time. */
    readonly trust: (id: PeerId, credential: Uint8Array | undefined, unixMs: number) => Peer | undefined;
    /** Why `trust` gave no peer; the cause of what this end reports (SE-18). */
    readonly whyNot?: (id: PeerId, credential: Uint8Array | undefined, unixMs: number) => unknown;
    /** False if a peer that is trusted may not have another session (LI-54). */
    readonly hasRoom?: (id: PeerId) => boolean;
    /** With it psk suites alone are allowed (SE-80). The key of an id, borrowed; undefined for an id nobody knows (SE-82). */
    readonly pskOf?: (id: Uint8Array) => Uint8Array | undefined;
}
/** A shared secret of 32 bytes, and its name on the wire of 1 to 32. */
export interface Psk {
    readonly id: Uint8Array;
    readonly key: Uint8Array;
}

// dist/session/suites.d.ts

import type { CipherName, Provider } from '../crypto/provider.js';
/**
 * The suites of a session (SE-4); ids are never reused. Beside an id's last digit, 0x10 says without hfs, 0x20 with psk3,
 * 0x100 with AESGCM. Sizes are handshake messages with empty payloads.
 */
export interface Suite {
    readonly id: number;
    readonly name: string;
    readonly cipher: CipherName;
    /** With ML-KEM-768 in it. */
    readonly pq: boolean;
    /** With a shared secret in it. */
    readonly psk: boolean;
    readonly sizes: readonly [number, number, number];
}
export declare const SUITES: readonly [{
    readonly id: 1;
    readonly name: 'Noise_XXhfs_25519+MLKEM768_ChaChaPoly_SHA256';
    readonly cipher: 'ChaChaPoly';
    readonly pq: true;
    readonly psk: false;
    readonly sizes: readonly [1216, 1200, 64];
}, {
    readonly id: 17;
    readonly name: 'Noise_XX_25519_ChaChaPoly_SHA256';
    readonly cipher: 'ChaChaPoly';
    readonly pq: false;
    readonly psk: false;
    readonly sizes: readonly [32, 96, 64];
}, {
    readonly id: 33;
    readonly name: 'Noise_XXhfs+psk3_25519+MLKEM768_ChaChaPoly_SHA256';
    readonly cipher: 'ChaChaPoly';
    readonly pq: true;
    readonly psk: true;
    readonly sizes: readonly [1248, 1200, 64];
}, {
    readonly id: 49;
    readonly name: 'Noise_XXpsk3_25519_ChaChaPoly_SHA256';
    readonly cipher: 'ChaChaPoly';
    readonly pq: false;
    readonly psk: true;
    readonly sizes: readonly [48, 96, 64];
}, {
    readonly id: 257;
    readonly name: 'Noise_XXhfs_25519+MLKEM768_AESGCM_SHA256';
    readonly cipher: 'AESGCM';
    readonly pq: true;
    readonly psk: false;
    readonly sizes: readonly [1216, 1200, 64];
}, {
    readonly id: 273;
    readonly name: 'Noise_XX_25519_AESGCM_SHA256';
    readonly cipher: 'AESGCM';
    readonly pq: false;
    readonly psk: false;
    readonly sizes: readonly [32, 96, 64];
}, {
    readonly id: 289;
    readonly name: 'Noise_XXhfs+psk3_25519+MLKEM768_AESGCM_SHA256';
    readonly cipher: 'AESGCM';
    readonly pq: true;
    readonly psk: true;
    readonly sizes: readonly [1248, 1200, 64];
}, {
    readonly id: 305;
    readonly name: 'Noise_XXpsk3_25519_AESGCM_SHA256';
    readonly cipher: 'AESGCM';
    readonly pq: false;
    readonly psk: true;
    readonly sizes: readonly [48, 96, 64];
}];
/** Which suites a setting allows, best first: with ML-KEM, or without. */
export declare const POST_QUANTUM: {
    readonly require: readonly [true];
    readonly prefer: readonly [true, false];
    readonly off: readonly [false];
};
/** `require`: only suites with ML-KEM; `prefer`: those first; `off`: only those without. */
export type PostQuantum = keyof typeof POST_QUANTUM;
/** The suites an end allows, best first (SE-5): all with a shared secret if it has one, else all without (SE-80). */
export declare const suitesFor: (pq: PostQuantum, psk: boolean, { nativeAes }: Pick<Provider, 'nativeAes'>) => readonly Suite[];
export declare const suiteById: (id: number) => Suite | undefined;

// dist/session/trail.d.ts

import type { Verb } from '../contract/kinds.js';
import type { SottoError } from '../errors.js';
import type { PeerId } from '../identity/id.js';
import type { Seen } from '../policy/auditrecord.js';
import type { Direction } from '../policy/compile.js';
import type { Verdict } from '../policy/decide.js';
import type { PeerPolicy } from '../policy/peer.js';
/** What is told of a session that is established. */
interface Opened {
    readonly role: 'initiator' | 'responder';
    readonly suite: {
        readonly name: string;
    };
    readonly uses: readonly string[];
    readonly serves: readonly string[];
}
/** One decision of a session, under the id that both ends know. */
interface Decided {
    readonly decision: string;
    readonly direction: Direction;
    readonly verb: Verb;
    readonly address: string;
    readonly verdict: Verdict;
}
/** What the audit log is told of one session: where nobody hears it, nothing. */
export declare class Trail {
    #private;
    /** `session` is empty as long as there is none. */
    constructor(policy: PeerPolicy, session: string, peer: PeerId);
    /** The peer is another by what it shows, with the same id: nothing is kept of who it was before. */
    renew(policy: PeerPolicy): void;
    /** Whether anybody hears it. */
    get heard(): boolean;
    /** SE-142 */
    opened({ role, suite, uses, serves }: Opened): void;
    /** SE-140: a message was judged, of which `bytes` of the body have come. */
    decided(of: Decided, bytes: number, seen?: Seen): void;
    /** SE-141: what stood before does not any more. */
    narrowed(of: Decided): void;
    /** SE-142 */
    closed(error: SottoError | undefined): void;
}
export {};

// dist/transport/duplex.node.d.ts

import type { Duplex, Readable, Writable } from 'node:stream';
import { type Transport } from './transport.js';
/**
 * A transport over a Node duplex stream of bytes: a socket, or anything shaped like one. The stream must have no other
 * reader or writer from now on. One that ends its writing when its reading ends (a socket without `allowHalfOpen`) works
 * and loses the last bytes written to a peer that ended first.
 *
 * @throws TypeError if the stream is in object mode, decodes to text or is being read already
 */
export declare const fromDuplex: (stream: Duplex) => Transport;
/** The same over two streams, as of a process; `readable` and `writable` may be one. */
export declare const fromHalves: (readable: Readable, writable: Writable) => Transport;

// dist/transport/memory.d.ts

import { type Transport } from './transport.js';
/** Two ends in one process. They share no bytes: each chunk is copied, as between processes (TR-2). */
export declare const memoryPair: () => [Transport, Transport];

// dist/transport/port.d.ts

import { type Transport } from './transport.js';
/** A `MessagePort` of a browser or of `node:worker_threads`, a worker, `parentPort`, Electron's `MessagePortMain`. */
export type PortLike = Hears & {
    postMessage(message: unknown): void;
    start?(): void;
    close?(): void;
};
type Hears = {
    addEventListener(type: string, listener: (event: unknown) => void): void;
} | {
    on(type: string, listener: (message: unknown) => void): unknown;
};
/** What may be under way to the other end, in cost (TR-47). */
export declare const WINDOW = 262144;
/** The most bytes of one message (TR-46). */
export declare const MAX_PIECE = 65537;
/**
 * A transport over a message port, whose other end is `fromPort` too. The port must have no other reader or writer, before
 * or after. Bytes are copied and never transferred: a caller's buffer stays whole, and Electron's main process can take no
 * transferred ones. Closing the transport closes the port; a worker, which has no `close`, stays its owner's to stop.
 *
 * A port does not say when its other end is gone without a word, as a frame or a process that was killed may be. A session
 * notices by its keepalive.
 */
export declare const fromPort: (port: PortLike) => Transport;
export {};

// dist/transport/sockets.node.d.ts

import type { Transport } from './transport.js';
/**
 * Where a transport leads: `unix:/run/t.sock`, `tcp:localhost:7000`, `tcp:[::1]:7000` or `stdio:`. `unix:@name` is an
 * abstract socket of Linux, which has no file and no mode: every process in its network namespace can connect.
 */
export type Endpoint = `unix:${string}` | `tcp:${string}:${number}` | `tcp:[${string}]:${number}` | 'stdio:';
/** What listens at an endpoint. */
export interface EndpointServer {
    /** As given, with the port the system chose in place of port 0. */
    readonly endpoint: Endpoint;
    /** Takes no more connections and removes the file of a Unix socket. Transports handed out before go on. */
    close(): Promise<void>;
}
/**
 * Opens a transport to `endpoint`. `signal` gives up waiting for it and has no effect on it afterwards.
 *
 * @throws transport/failed if nobody answers there, or with the signal's reason as cause
 * @throws TypeError or RangeError if `endpoint` is malformed
 */
export declare const connect: (endpoint: Endpoint, signal?: AbortSignal) => Promise<Transport>;
/**
 * Listens at `endpoint` and hands each connection over with its source: the other end's address without its port,
 * `unix` or `stdio`. `stdio:` hands over its one transport before this resolves. A Unix socket is its owner's alone
 * (mode 0600) and replaces one that a dead process left. Unix sockets need the main thread.
 *
 * @throws transport/failed if it cannot listen there
 * @throws TypeError or RangeError if `endpoint` is malformed
 */
export declare const serveEndpoint: (endpoint: Endpoint, onTransport: (transport: Transport, source: string) => void) => Promise<EndpointServer>;

// dist/transport/stdio.node.d.ts

import type { ChildProcess } from 'node:child_process';
import type { Transport } from './transport.js';
/**
 * This process's standard input and output as a transport; nothing else may print to standard output from now on.
 * Where they are true pipes and not sockets, as in a shell, the other end sees the end when this process exits.
 *
 * @throws TypeError if standard input is being read already
 */
export declare const stdio: () => Transport;
/**
 * A child process's standard input and output as a transport. A child that does not start fails it. `close` and `abort`
 * end the transport, not the child, which is its owner's to stop.
 *
 * @throws TypeError if the child was not started with both piped, or its output is being read already
 */
export declare const fromChild: (child: ChildProcess) => Transport;

// dist/transport/streams.d.ts

import { type Transport } from './transport.js';
/**
 * A transport over a pair of WHATWG streams, such as those of WebTransport, a `TransformStream` pair or Deno. It locks
 * both until it is closed.
 *
 * @throws TypeError if a stream is locked already
 */
export declare const fromStreams: (pair: {
    readonly readable: ReadableStream<Uint8Array>;
    readonly writable: WritableStream<Uint8Array>;
}) => Transport;

// dist/transport/transport.d.ts

/**
 * An ordered, reliable pipe of bytes to one other end. Chunk boundaries mean nothing.
 * Whoever holds a transport releases it with `close` or `abort`; nothing else does.
 *
 * Iterating yields what arrives, in chunks of at least one byte that the reader owns. There is one reader: a second
 * iterator is a TypeError. It ends at the other end's end or at `close`, and throws `transport/failed` when the
 * transport fails. `return()` gives up reading: what arrives later is dropped.
 */
export interface Transport extends AsyncIterable<Uint8Array> {
    /**
     * Hands `bytes` over for good: neither side changes them again. Returns undefined while there is room; otherwise a
     * promise that resolves once there is, and before which nothing more should be written.
     *
     * @throws transport/failed (the promise rejects) after failure, `close` or `abort`
     */
    write(bytes: Uint8Array): Promise<void> | void;
    /** Ends reading, sends what was written and then the end. Resolves within 5 s, whatever the other end does. */
    close(): Promise<void>;
    /** Frees everything at once and sends nothing more. Waiting reads and writes fail with `reason` as their cause. */
    abort(reason: Error): void;
}
/** Bytes that wait in one direction before the writer is asked to wait (TR-7, TR-8). */
export declare const ROOM = 262144;
/** Chunks that wait to be read, however small they are (TR-7). */
export declare const CHUNKS = 1024;
/** What differs from one kind of transport to the next; `PipeTransport` is the rest. */
export interface Pipe {
    /** Takes `bytes` and says whether there is room for more; if not, `Arrivals.room` follows. */
    send(bytes: Uint8Array): boolean;
    /** Settles when all that was sent, and then the end, is out, and the other end has had the time to end too. */
    finish(): Promise<void>;
    /** Frees everything; called twice, the second does nothing. */
    destroy(reason?: Error): void;
    /** Called when an arrival that returned false has been read: more may come. */
    resume(): void;
}
/** What a pipe reports. After an end or a failure of a direction, later reports on it are ignored. */
export interface Arrivals {
    /** Bytes the reader will own. False asks to hold the next until `Pipe.resume`. */
    arrived(bytes: Uint8Array): boolean;
    /** The other end has ended cleanly. */
    ended(): void;
    /** Nothing more can be read. */
    unreadable(cause: unknown): void;
    /** Nothing more can be written. */
    unwritable(cause: unknown): void;
    /** There is room to write again. */
    room(): void;
}
/** The behaviour all transports share: one reader, back-pressure both ways, an end that always comes. */
export declare class PipeTransport implements Transport, Arrivals {
    #private;
    constructor(open: (arrivals: Arrivals) => Pipe);
    write(bytes: Uint8Array): Promise<void> | undefined;
    close(): Promise<void>;
    abort(reason: Error): void;
    [Symbol.asyncIterator](): AsyncIterator<Uint8Array, undefined>;
    arrived(bytes: Uint8Array): boolean;
    /** TR-4: behind what waits to be read. */
    ended(): void;
    /** TR-14: so it is with the other end of one that was aborted. */
    unreadable(cause: unknown): void;
    unwritable(cause: unknown): void;
    room(): void;
}

// dist/transport/websocket.d.ts

import { type Transport } from './transport.js';
/** A browser's `WebSocket`, one of the package `ws`, or anything shaped like them. */
export interface WebSocketLike {
    binaryType: string;
    readonly readyState: number;
    readonly bufferedAmount: number;
    addEventListener(type: 'message', listener: (event: {
        readonly data: unknown;
    }) => void): void;
    addEventListener(type: 'close', listener: (event: {
        readonly code: number;
    }) => void): void;
    addEventListener(type: 'open' | 'close' | 'error', listener: (event: object) => void): void;
    send(bytes: unknown): void;
    close(code?: number): void;
    pause?(): void;
    resume?(): void;
    terminate?(): void;
}
/** The most bytes of one message: those of the largest record (TR-41). */
export declare const MAX_MESSAGE = 65537;
/**
 * A transport over a WebSocket, connecting or open, whose `binaryType` it sets. Call it as soon as there is the socket,
 * which must have no other reader or writer: a message that comes before is lost.
 *
 * A socket that cannot be paused, as in browsers, fails the transport where another would hold its peer back: at 256 KiB
 * or 1,024 messages that nobody reads. A session always reads. With `ws`, set `maxPayload` to 65,537, for a larger
 * message is held whole before it is refused, and leave `perMessageDeflate` off: records do not compress.
 */
export declare const fromWebSocket: (socket: WebSocketLike) => Transport;
