import { type Advice, describeError, errorCodeOf, isInstance, shortened, stringProperty } from '../base/describe-error';
import { showValue } from '../base/show';
import { NoAnswerError } from './stall-watch';

/** The reply to a command is not one of Redis. */
export class UnexpectedReplyError extends Error {
  constructor(command: string, reply: unknown) {
    super(`the server is not Redis: its reply to ${command} was ${shown(reply)}`);
  }
}

type Command = readonly (string | Buffer)[];

const isCount = (reply: unknown): boolean => Number.isInteger(reply);
const isValue = (reply: unknown): boolean => reply === null || Buffer.isBuffer(reply);
const isOk = (reply: unknown): boolean => String(reply) === 'OK';

/** The valid replies to the commands in use. */
const replies: Readonly<Record<string, (reply: unknown, command: Command) => boolean>> = {
  GET: isValue,
  MGET: (reply, { length }) => Array.isArray(reply) && reply.length === length - 1 && reply.every(isValue),
  SET: isOk,
  MSET: isOk,
  EXISTS: isCount,
  UNLINK: isCount,
  APPEND: isCount,
  EVAL: isCount,
  EVALSHA: isCount,
  SCAN: (reply) =>
    Array.isArray(reply) && Buffer.isBuffer(reply[0]) && Array.isArray(reply[1]) && reply[1].every(Buffer.isBuffer),
};

/** @throws {UnexpectedReplyError} for a reply that Redis never gives to a command */
export function checkReply(command: Command, reply: unknown): void {
  const name = String(command[0]);
  const isReply = replies[name];
  if (isReply && !isReply(reply, command)) throw new UnexpectedReplyError(name, reply);
}

function shown(reply: unknown): string {
  return shortened(showValue(Buffer.isBuffer(reply) ? reply.toString() : reply), 80);
}

const BROKEN: Advice = ['the connection broke', 'Check that Redis is still running, and its log'];
const UNREACHABLE: Advice = ['the host cannot be reached', 'Check host, port and network'];
const UNTRUSTED: Advice = [
  'its certificate is not trusted',
  'Name the file of its certificate authority in the environment variable NODE_EXTRA_CA_CERTS',
];
const REPLICA: Advice = ['it is a read-only replica', 'Use the address of the primary'];
const REPLICA_ALONE: Advice = ['it is a replica whose primary is away', 'Start the primary'];
const LOADING: Advice = ['it is still loading its data', 'Wait until it has'];
const NO_TLS: Advice = ['it does not speak TLS', 'Write redis:// in place of rediss://'];

/** By system error code. */
const CODES: Readonly<Record<string, Advice>> = {
  ECONNREFUSED: ['connection refused', 'Start Redis there'],
  ENOENT: ['there is no such socket', 'Start Redis there'],
  ENOTSOCK: ['the file is not a socket', 'Start Redis there'],
  EACCES: ['permission denied', 'Let this user read and write the socket'],
  ENOTFOUND: ['there is no such host', 'Check the name'],
  EAI_AGAIN: ['the name of the host could not be looked up', 'Check name and network'],
  ECONNRESET: BROKEN,
  EPIPE: BROKEN,
  ETIMEDOUT: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  EHOSTDOWN: UNREACHABLE,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  CERT_HAS_EXPIRED: ['its certificate has expired', 'Renew it'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['its certificate is for another host', 'Use the name in the certificate'],
  EPROTO: NO_TLS,
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
};

/** By the text of an error, mostly a reply of Redis. */
const TEXTS: readonly (readonly [RegExp, Advice])[] = [
  [/^WRONGPASS|^ERR invalid password/, ['wrong user or password', 'Put the right ones into the URI']],
  [/^NOAUTH/, ['it asks for a password', 'Put it into the URI']],
  [/AUTH.*without any password/s, ['it has no password, but the URI does', 'Leave the password out']],
  [/^NOPERM/, ['its user may not do that', 'Allow it in the ACL of Redis']],
  [/^OOM/, ['its memory is full', 'Give it more (maxmemory), clear what is not needed,']],
  [/^READONLY|-READONLY /, REPLICA],
  [/^MASTERDOWN|-MASTERDOWN /, REPLICA_ALONE],
  [/^NOREPLICAS/, ['it writes only with more replicas than it has', 'Start them']],
  [/^LOADING/, LOADING],
  [/^BUSY/, ['it is busy with a script', 'Wait until that is done']],
  [/^MISCONF/, ['it cannot save its own data to the disk', 'Check the log of Redis']],
  [/^WRONGTYPE/, ['something else uses this key', 'Choose another ?namespace=']],
  [/^DENIED/, ['it takes local connections only (protected mode)', 'Give it a password']],
  [/^(?:MOVED|ASK|CLUSTERDOWN|CROSSSLOT)\b/, ['Redis Cluster is not supported', 'Use a single Redis']],
  [/DB index is out of range/, ['it has no database of this number', 'Use a lower one']],
  [/max number of clients/, ['it has too many connections', 'Raise maxclients']],
  [/invalid bulk length/, ['the value is too large for it', 'Raise proto-max-bulk-len']],
  [/^Unknown RESP type/, ['the server is not Redis', 'Check host and port']],
  [/^Socket closed unexpectedly/, BROKEN],
  [/^the storage was closed/, ['the storage was closed meanwhile', 'Close it when it is no longer in use']],
];

/** The connection was cut: by the network, by Redis or by its end. */
export function isBroken(cause: unknown): boolean {
  return redisAdvice(cause) === BROKEN;
}

/** No server is reachable, such as during a restart. */
export function isUnavailable(cause: unknown): boolean {
  const code = errorCodeOf(cause);
  return code === 'ECONNREFUSED' || code === 'ENOENT';
}

/** It is a replica, as a former primary is after a failover: a new connection may lead to the new primary. */
export function isReplica(cause: unknown): boolean {
  const advice = redisAdvice(cause);
  return advice === REPLICA || advice === REPLICA_ALONE;
}

/** It is still loading its data, such as after a restart. */
export function isLoading(cause: unknown): boolean {
  return redisAdvice(cause) === LOADING;
}

/** The reason why Redis failed, and the remedy. */
export function redisAdvice(cause: unknown): Advice {
  if (isInstance(cause, NoAnswerError)) return [cause.message, 'Check that Redis is running and reachable'];
  if (isInstance(cause, UnexpectedReplyError)) return [cause.message, 'Check host and port'];
  // Client libraries parse replies without checks.
  if (isInstance(cause, TypeError) && errorCodeOf(cause) === undefined)
    return [`the server is not Redis, or its replies are invalid (${describeError(cause)})`, 'Check host and port'];
  const code = errorCodeOf(cause);
  const byCode = code !== undefined && Object.hasOwn(CODES, code) ? CODES[code] : undefined;
  if (byCode) return byCode;
  const text = describeError(cause);
  const byText = TEXTS.find(([pattern]) => pattern.test(text))?.[1];
  return byText ?? [text.replace(ARGUMENTS, ''), 'Fix the problem'];
}

/** A Redis that does not know a command repeats its arguments: for AUTH, the password. */
const ARGUMENTS = /,? with args beginning with.*/s;

/** An error whose message repeats the arguments of a command, which may be a password. */
export function repeatsArguments(cause: unknown): boolean {
  return ARGUMENTS.test(stringProperty(cause, 'message') ?? '');
}
