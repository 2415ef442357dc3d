import type { BundleData, BundledAnswer } from './bundle-content';
import { isSealed } from './envelope';
import type { JobData } from './job-content';
import { isRecord, isText, parsed } from './parsed';
import type { WorkerNotice } from './worker-notice';

/** What is written in Redis, as its readers find it: undefined when it is not what was written. */

/** The data of a job or a bundle. Jobs in a bundle are read one by one. */
export function readJobData(data: unknown): JobData | BundleData | undefined {
  if (!isRecord(data)) return undefined;
  const { task, version, run, key, isSaved, jobs } = data;
  if (!isText(task) || typeof isSaved !== 'boolean' || !isTextOr(run, undefined) || !isTextOr(key, undefined))
    return undefined;
  if (!isVersion(version ?? null)) return undefined;
  const isWhole = jobs === undefined ? isSealed(data) : Array.isArray(jobs) && jobs.every(isBundledJob);
  return isWhole ? (data as unknown as JobData | BundleData) : undefined;
}

function isBundledJob(job: unknown): boolean {
  return isRecord(job) && isText(job['id']) && isTextOr(job['key'], undefined);
}

/** The outcomes of the jobs of a bundle, without those that are not answers: their jobs run again. */
export function readAnswers(text: string): readonly BundledAnswer[] | undefined {
  const answers = parsed(text);
  return Array.isArray(answers) ? (answers.filter(isBundledAnswer) as BundledAnswer[]) : undefined;
}

function isBundledAnswer(answer: unknown): boolean {
  return (
    isRecord(answer) && isText(answer['id']) && typeof answer['isFailed'] === 'boolean' && isSealed(answer['sealed'])
  );
}

/** What a worker says of itself. */
export function readNotice(text: string): WorkerNotice | undefined {
  const notice = parsed(text);
  if (!isRecord(notice)) return undefined;
  const { id, name, queues, tasks } = notice;
  const isWhole = isText(id) && isText(name) && isTexts(queues) && Array.isArray(tasks) && tasks.every(isTask);
  return isWhole ? (notice as unknown as WorkerNotice) : undefined;
}

function isTask(task: unknown): boolean {
  return Array.isArray(task) && isText(task[0]) && isVersion(task[1]);
}

/** What a driver says of a job that it does not want any more. */
export interface AbortMessage {
  readonly queue: string;
  readonly jobId: string;
  /** What the reason is, sealed. */
  readonly reason: string;
}

export function readAbort(text: string): AbortMessage | undefined {
  const message = parsed(text);
  if (!isRecord(message)) return undefined;
  const isWhole = isText(message['queue']) && isText(message['jobId']) && isText(message['reason']);
  return isWhole ? (message as unknown as AbortMessage) : undefined;
}

function isVersion(value: unknown): boolean {
  return value === null || typeof value === 'number' || isText(value);
}

function isTextOr(value: unknown, other: undefined): boolean {
  return value === other || isText(value);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every(isText);
}
