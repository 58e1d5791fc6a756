import { msToNumber } from '@temporalio/common'
import { requestMetadataKey, workflowMetadataKey } from './contract.ts'
import { longestDelaySeconds, mostAttempts, retrievalStrategies } from './defaults.ts'
import type { RetrievalStrategy } from './defaults.ts'
import { list, matching, oneOf } from './fields.ts'
import type { Rule } from './fields.ts'
import type { Duration } from './input.ts'
import { isRecord } from './json.ts'
import type { Json } from './run.ts'
import { utf8Bytes } from './text.ts'

// What the fields of the inputs may hold.

export const uuid: Rule<string> = {
  allowed: 'a UUID such as 0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b',
  read: (value) => matching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, lowerCased(value)),
}

export const deploymentName: Rule<string> = {
  allowed: "a deployment's name: 1-63 letters, digits, '.', '_' or '-', the first a letter or digit",
  read: (value) => matching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, value),
}

const aDuration = "a duration above 0 and at most 365d, such as '10s'"
const aRetrievalTime = "a duration from 1s to 1h, such as '30s'"
const orMilliseconds = ', or a number of milliseconds'

export const duration: Rule<number> = {
  allowed: `${aDuration}${orMilliseconds}`,
  allowedAsText: aDuration,
  read: (value) => durationMs(value, '365d'),
}
export const fixedInterval: Rule<number> = {
  allowed: `${duration.allowed}, or { initialInterval?, backoffCoefficient?, maximumInterval? }`,
  allowedAsText: aDuration,
  read: duration.read,
}
export const durationOrNone: Rule<number> = {
  allowed: `${duration.allowed}, or 'none'`,
  allowedAsText: `${aDuration}, or 'none'`,
  read: (value) => (value === 'none' ? Infinity : duration.read(value)),
}
export const retrievalTimeout: Rule<number> = {
  allowed: `${aRetrievalTime}${orMilliseconds}`,
  allowedAsText: aRetrievalTime,
  read: (value) => {
    const ms = durationMs(value, '1h')
    return ms !== undefined && ms >= 1000 ? ms : undefined
  },
}
export const backoffCoefficient: Rule<number> = {
  allowed: 'a number from 1 to 10',
  read: (value) => (typeof value === 'number' && value >= 1 && value <= 10 ? value : undefined),
}

export const attempts: Rule<number> = {
  allowed: `a whole number from 2 to ${mostAttempts}`,
  read: (value) =>
    Number.isInteger(value) && Number(value) >= 2 && Number(value) <= mostAttempts ? Number(value) : undefined,
}

export const retryFields: Rule<Readonly<Record<string, unknown>>> = {
  allowed:
    'an object { maximumAttempts, initialInterval?, backoffCoefficient?, maximumInterval?, nonRetryableErrors? }',
  read: (value) => (isRecord(value) ? value : undefined),
}

export const errorNames: Rule<readonly string[]> = {
  allowed: "1-100 names of errors such as 'ValueError', of at most 200 bytes each",
  read: (value) => list(value, { allowed: '', read: nameIn }, 100),
}

export const text: Rule<string> = {
  allowed: 'a non-empty text of at most 1,000 characters',
  read: (value) => matching(/^[^]{1,1000}$/, value),
}

/** It came as JSON, or goes as JSON next. */
export const anything: Rule<Json> = {
  allowed: 'any JSON',
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  read: (value) => value as Json | undefined,
}

export const record: Rule<Readonly<Record<string, Json>>> = {
  allowed: 'an object',
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  read: (value) => (isRecord(value) ? (value as Readonly<Record<string, Json>>) : undefined),
}

export const userMetadata: Rule<Readonly<Record<string, Json>>> = {
  allowed: `an object without "${workflowMetadataKey}" and "${requestMetadataKey}", by which this application finds its run`,
  read: (value) => {
    const metadata = record.read(value)
    const own = [workflowMetadataKey, requestMetadataKey]
    return metadata && !own.some((key) => Object.hasOwn(metadata, key)) ? metadata : undefined
  },
}

export const nodes: Rule<'*' | readonly string[]> = {
  allowed: "'*' or 1-100 names of nodes of at most 200 bytes each",
  read: (value) => (value === '*' ? value : fieldNames.read(value)),
}

export const trueOrFalse: Rule<boolean> = {
  allowed: 'true or false',
  read: (value) => (typeof value === 'boolean' ? value : undefined),
}

export const secondsFromNow: Rule<number> = {
  allowed: `a whole number of seconds from 1 to ${longestDelaySeconds} (365 days)`,
  read: (value) =>
    Number.isInteger(value) && Number(value) >= 1 && Number(value) <= longestDelaySeconds ? Number(value) : undefined,
}

export const webUrl: Rule<string> = {
  allowed: 'a URL that begins with http:// or https://, or a path on the LangGraph server that begins with /',
  read: (value) => matching(/^(https?:\/\/|\/)\S+$/, value),
}

export const strategies: Rule<readonly RetrievalStrategy[]> = {
  allowed: `1-3 of ${retrievalStrategies.map((name) => `'${name}'`).join(', ')}, no repeats`,
  read: (value) => {
    const names = list(value, oneOf(...retrievalStrategies), 3)
    return names && new Set(names).size === names.length ? names : undefined
  },
}

export const fieldNames: Rule<readonly string[]> = {
  allowed: '1-100 non-empty field names of at most 200 bytes each',
  read: (value) => list(value, { allowed: '', read: nameIn }, 100),
}

/** They are repeated in what is said of them, and travel with every activity. */
function nameIn(value: unknown): string | undefined {
  const name = matching(/[^]/, value)
  return name !== undefined && utf8Bytes(name) <= 200 ? name : undefined
}

function lowerCased(value: unknown): unknown {
  return typeof value === 'string' ? value.toLowerCase() : value
}

function durationMs(value: unknown, most: Duration): number | undefined {
  if (typeof value !== 'number' && !isDurationText(value)) return undefined
  const ms = msToNumber(value)
  return ms > 0 && ms <= msToNumber(most) ? Math.ceil(ms) : undefined
}

function isDurationText(value: unknown): value is string {
  if (typeof value !== 'string') return false
  try {
    msToNumber(value)
    return true
  } catch {
    return false
  }
}
