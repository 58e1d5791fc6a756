import { msToNumber } from '@temporalio/common'
import {
  defaultDeployment,
  defaultHumanTimeout,
  defaultMaxPollTime,
  defaultPollInterval,
  defaultRetrievalTimeout,
  defaultRetry,
  maxExecuteRunInputBytes,
  maxNotificationBytes,
  retrievalStrategies,
} from './defaults.ts'
import type { CancelAction } from './creation.ts'
import { notificationTypes } from './notification.ts'
import type { NumberedNotification } from './notification.ts'
import { oneOf, parse } from './fields.ts'
import type { Fields, Parsed } from './fields.ts'
import type { Duration, RetrievalOptions, RunRequest, WatchOptions } from './input.ts'
import { isRecord, present } from './json.ts'
import type { PollInterval } from './poll-interval.ts'
import type { RetryOptions } from './retry.ts'
import {
  anything,
  attempts,
  backoffCoefficient,
  deploymentName,
  duration,
  durationOrNone,
  errorNames,
  fieldNames,
  fixedInterval,
  nodes,
  record,
  retrievalTimeout,
  retryFields,
  secondsFromNow,
  strategies,
  text,
  trueOrFalse,
  userMetadata,
  uuid,
  webUrl,
} from './rules.ts'
import type { Json, RunRef } from './run.ts'

// `required(…) ?? ''` is right here: every problem is collected, and a value that has one is thrown away with the rest.

const aRun = '`threadId` and `runId`'

export function parseWatchRunInput(input: unknown): Parsed<WatchOptions & { readonly run: RunRef }> {
  return parse(input, aRun, (fields) => ({ run: run(fields), ...waiting(fields, 'leave') }))
}

export function parseExecuteRunInput(input: unknown): Parsed<WatchOptions & { readonly request: RunRequest }> {
  return parse(input, '`assistantId`', (fields) => ({ request: request(fields), ...waiting(fields, 'cancel_run') }))
}

/** The update's argument may be left out. */
export function parseCancelRunInput(input: unknown): Parsed<{ readonly action: CancelAction }> {
  return parse(input ?? {}, '`action`', (fields) => ({
    action: fields.optional('action', oneOf('interrupt', 'rollback')) ?? 'interrupt',
  }))
}

/** The update's argument may be left out, at a breakpoint. */
export function parseResumeInput(
  input: unknown,
): Parsed<{ readonly value: Json | undefined; readonly interruptId: string | undefined }> {
  return parse(input ?? {}, '`value`', (fields) => ({
    value: fields.optional('value', anything),
    interruptId: fields.optional('interruptId', text),
  }))
}

export function parseRetrieveRunResultInput(
  input: unknown,
): Parsed<{ readonly run: RunRef; readonly retrieval: RetrievalOptions }> {
  return parse(input, aRun, (fields) => ({ run: run(fields), retrieval: retrieval(fields) }))
}

export function parseReadRunStatusInput(input: unknown): Parsed<RunRef> {
  return parse(input, aRun, run)
}

export function parseSweepRunsInput(input: unknown): Parsed<{ readonly deployment: string }> {
  return parse(input, '`deployment`', (fields) => ({ deployment: deployment(fields) }))
}

export function parseNotifyRunInput(input: unknown): Parsed<Pick<NumberedNotification, 'id' | 'type'>> {
  return parse(input, '`id`, `type`, `timestamp` and `data`', (fields) => {
    fields.required('timestamp', text)
    fields.required('data', record)
    fields.refuseLargerThan(maxNotificationBytes)
    return {
      id: fields.required('id', text) ?? '',
      type: fields.required('type', oneOf(...notificationTypes)) ?? 'run.ended',
    }
  })
}

function run(fields: Fields): RunRef {
  return {
    threadId: fields.required('threadId', uuid) ?? '',
    runId: fields.required('runId', uuid) ?? '',
    deployment: deployment(fields),
  }
}

function deployment(fields: Fields): string {
  return fields.optional('deployment', deploymentName) ?? defaultDeployment
}

function waiting(fields: Fields, onCancel: WatchOptions['onCancel']): WatchOptions {
  const whatBecomesOfTheRun = oneOf('leave', 'cancel_run')
  return {
    pollInterval: pollInterval(fields),
    maxPollTimeMs: fields.optional('maxPollTime', durationOrNone) ?? msToNumber(defaultMaxPollTime),
    stuckAfterMs: fields.optional('stuckAfter', duration) ?? Infinity,
    retrieval: retrieval(fields),
    onUnsuccessful: fields.optional('onUnsuccessful', oneOf('return', 'fail')) ?? 'return',
    onCancel: fields.optional('onCancel', whatBecomesOfTheRun) ?? onCancel,
    onPollTimeout: fields.optional('onPollTimeout', whatBecomesOfTheRun) ?? 'leave',
    onInterrupt: fields.optional('onInterrupt', oneOf('return', 'wait')) ?? 'return',
    humanTimeoutMs: fields.optional('humanTimeout', durationOrNone) ?? msToNumber(defaultHumanTimeout),
    ...present({ retry: retry(fields) }),
  }
}

function request(fields: Fields): RunRequest {
  fields.refuseLargerThan(maxExecuteRunInputBytes)
  const threadId = fields.optional('threadId', uuid)
  return {
    deployment: deployment(fields),
    ...present({ threadId }),
    run: {
      assistantId: fields.required('assistantId', text) ?? '',
      multitaskStrategy:
        fields.optional('multitaskStrategy', oneOf('reject', 'enqueue', 'interrupt', 'rollback')) ?? 'reject',
      ...present({
        input: fields.optional('input', anything),
        command: fields.optional('command', record),
        config: fields.optional('config', record),
        context: fields.optional('context', anything),
        metadata: fields.optional('metadata', userMetadata),
        interruptBefore: fields.optional('interruptBefore', nodes),
        interruptAfter: fields.optional('interruptAfter', nodes),
        durability: fields.optional('durability', oneOf('sync', 'async', 'exit')),
        streamResumable: fields.optional('streamResumable', trueOrFalse),
        afterSeconds: fields.optional('afterSeconds', secondsFromNow),
        webhook: fields.optional('webhook', webUrl),
      }),
    },
  }
}

function retrieval(fields: Fields): RetrievalOptions {
  const resultKeys = fields.optional('resultKeys', fieldNames)
  return {
    order: fields.optional('retrievalOrder', strategies) ?? retrievalStrategies,
    timeoutMs: fields.optional('retrievalTimeout', retrievalTimeout) ?? msToNumber(defaultRetrievalTimeout),
    ...present({ resultKeys }),
  }
}

function pollInterval(fields: Fields): PollInterval {
  const given = fields.get('pollInterval')
  if (!isRecord(given)) {
    const fixedMs = fields.optional('pollInterval', fixedInterval)
    if (fixedMs !== undefined) return { initialMs: fixedMs, coefficient: 1, maximumMs: fixedMs, jitter: false }
  }
  const growing = fields.nested('pollInterval')
  const intervals = backoff(growing, defaultPollInterval)
  growing.refuseUnknown()
  return { ...intervals, jitter: true }
}

function retry(fields: Fields): RetryOptions | undefined {
  if (fields.optional('retry', retryFields) === undefined) return undefined
  const given = fields.nested('retry')
  const maximumAttempts = given.required('maximumAttempts', attempts) ?? 0
  const intervals = backoff(given, defaultRetry)
  const nonRetryableErrors = given.optional('nonRetryableErrors', errorNames) ?? []
  given.refuseUnknown()
  return { maximumAttempts, ...intervals, nonRetryableErrors }
}

interface BackoffDefaults {
  readonly initialInterval: Duration
  readonly backoffCoefficient: number
  readonly maximumInterval: Duration
}

function backoff(growing: Fields, defaults: BackoffDefaults): Omit<PollInterval, 'jitter'> {
  const initialMs = growing.optional('initialInterval', duration)
  const maximumMs = growing.optional('maximumInterval', duration)
  const coefficient = growing.optional('backoffCoefficient', backoffCoefficient)
  if (initialMs !== undefined && maximumMs !== undefined && maximumMs < initialMs) {
    growing.refuse('maximumInterval', {
      allowed: 'at least `initialInterval`',
      allowedAsText: 'at least the first interval',
    })
  }
  // The one that is given moves the other's default out of its way.
  const defaultInitialMs = msToNumber(defaults.initialInterval)
  const defaultMaximumMs = msToNumber(defaults.maximumInterval)
  return {
    initialMs: initialMs ?? Math.min(defaultInitialMs, maximumMs ?? Infinity),
    coefficient: coefficient ?? defaults.backoffCoefficient,
    maximumMs: maximumMs ?? Math.max(defaultMaximumMs, initialMs ?? 0),
  }
}
