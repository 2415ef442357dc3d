import type { BatchData, BatchedAnswer, JobData } from './job-data';
import { isRecord, isText, parseJson } from './json';
import { isPayload } from './payload';

/** Registration of a worker. */
export interface WorkerRegistration {
  readonly id: string;
  /** `host/pid`, for people. */
  readonly name: string;
  readonly queues: readonly string[];
  /** The tasks that it can run, with their versions. */
  readonly tasks: readonly (readonly [name: string, version: string | number | null])[];
}

/** Readers of data in Redis: undefined for data in another form. */

/** The data of a job or a batch. Jobs in a batch are read one by one. */
export function readJobData(data: unknown): JobData | BatchData | undefined {
  if (!isRecord(data)) return undefined;
  const { task, version, run, key, isSaved, jobs } = data;
  if (!isText(task) || typeof isSaved !== 'boolean' || !isTextOr(run, undefined) || !isTextOr(key, undefined))
    return undefined;
  if (!isVersion(version ?? null)) return undefined;
  const isWhole = jobs === undefined ? isPayload(data) : Array.isArray(jobs) && jobs.every(isBatchedJob);
  return isWhole ? (data as unknown as JobData | BatchData) : undefined;
}

function isBatchedJob(job: unknown): boolean {
  return isRecord(job) && isText(job['id']) && isTextOr(job['key'], undefined);
}

/** The outcomes of the jobs of a batch, without those that are not answers: their jobs run again. */
export function readBatchAnswers(text: string): readonly BatchedAnswer[] | undefined {
  const answers = parseJson(text);
  return Array.isArray(answers) ? (answers.filter(isBatchedAnswer) as BatchedAnswer[]) : undefined;
}

function isBatchedAnswer(answer: unknown): boolean {
  return (
    isRecord(answer) && isText(answer['id']) && typeof answer['isFailed'] === 'boolean' && isPayload(answer['sealed'])
  );
}

/** Registration of a worker. */
export function readRegistration(text: string): WorkerRegistration | undefined {
  const notice = parseJson(text);
  if (!isRecord(notice)) return undefined;
  const { id, name, queues, tasks } = notice;
  const isWhole = isText(id) && isText(name) && isTexts(queues) && Array.isArray(tasks) && tasks.every(isTask);
  return isWhole ? (notice as unknown as WorkerRegistration) : undefined;
}

function isTask(task: unknown): boolean {
  return Array.isArray(task) && isText(task[0]) && isVersion(task[1]);
}

/** Message of a driver that cancels a job. */
export interface Cancellation {
  readonly queue: string;
  readonly jobId: string;
  /** The reason, as a payload. */
  readonly reason: string;
}

export function readCancellation(text: string): Cancellation | undefined {
  const message = parseJson(text);
  if (!isRecord(message)) return undefined;
  const isWhole = isText(message['queue']) && isText(message['jobId']) && isText(message['reason']);
  return isWhole ? (message as unknown as Cancellation) : undefined;
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
