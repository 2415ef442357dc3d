import { shortened } from '../../../base/describe-error';
import { showValue } from '../../../task/show';

/** Something answered a command as no Redis does. */
export class StrangeReplyError extends Error {
  constructor(command: string, reply: unknown) {
    super(`what answers there is no Redis: to ${command} it answered ${shown(reply)}`);
  }
}

type Command = readonly (string | Buffer)[];

const isCount = (reply: unknown): boolean => Number.isInteger(reply);
const isValue = (reply: unknown): boolean => reply === null || Buffer.isBuffer(reply);
const isOk = (reply: unknown): boolean => String(reply) === 'OK';

/** What Redis may answer to the commands that are used. */
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

/** @throws {StrangeReplyError} for an answer that Redis does not give to a command */
export function checkReply(command: Command, reply: unknown): void {
  const name = String(command[0]);
  const isReply = replies[name];
  if (isReply && !isReply(reply, command)) throw new StrangeReplyError(name, reply);
}

function shown(reply: unknown): string {
  return shortened(showValue(Buffer.isBuffer(reply) ? reply.toString() : reply), 80);
}
