import { isGrpcServiceError } from '@temporalio/client'
import { messageOf } from '../../domain/json.ts'
import { onOneLine } from '../../domain/printable.ts'

/** One thing that was looked at. */
export interface Check {
  readonly check: string
  /** A warning: what there is works, but less of it than there could be, or not for long. */
  readonly status: 'ok' | 'warning' | 'failed'
  readonly found: string
  /** What to do about it; absent if it is ok. */
  readonly remedy?: string
}

export function ok(check: string, found: string): Check {
  return { check, status: 'ok', found: onOneLine(found) }
}

export function warning(check: string, found: string, remedy: string): Check {
  return { check, status: 'warning', found: onOneLine(found), remedy: onOneLine(remedy) }
}

export function failed(check: string, found: string, remedy: string): Check {
  return { check, status: 'failed', found: onOneLine(found), remedy: onOneLine(remedy) }
}

/** Of one server's calls, some may be refused or unknown while all others work: that is a warning. */
export async function tried(check: string, work: () => Promise<readonly Check[]>): Promise<readonly Check[]> {
  try {
    return await work()
  } catch (error) {
    const reason = isGrpcServiceError(error) ? error.details : messageOf(error)
    return [warning(check, 'could not be looked at', reason)]
  }
}

/** `failed   Temporal    cannot be used` */
export function asText(checks: readonly Check[]): string {
  const width = Math.max(...checks.map(({ check }) => check.length))
  const lines = checks.flatMap(({ check, status, found, remedy }) => [
    `${status.padEnd(8)} ${check.padEnd(width)}  ${found}`,
    ...(remedy === undefined ? [] : [`${' '.repeat(9)}→ ${remedy}`]),
  ])
  return lines.join('\n')
}
