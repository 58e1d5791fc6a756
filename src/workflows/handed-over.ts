import { workflowInfo } from '@temporalio/workflow'
import { failureTypes } from '../domain/contract.ts'
import { isRecord } from '../domain/json.ts'
import { refusal } from '../domain/problem.ts'
import { deploymentName, uuid } from '../domain/rules.ts'
import { failure } from './failures.ts'
import type { Memory } from './memory.ts'

/**
 * What an earlier execution has handed over by continue-as-new. Whoever starts a workflow may give it a second argument
 * too, also with a cron schedule or a retry policy, so one that does not come from continue-as-new counts as none.
 *
 * @throws `InvalidInput` if it is not the memory of a watch: another workflow may have continued as this one
 */
export function handedOver(workflowType: string, carried: unknown): Memory | undefined {
  const { continuedFromExecutionRunId, attempt, cronSchedule } = workflowInfo()
  const isContinued = continuedFromExecutionRunId !== undefined && attempt === 1 && cronSchedule === undefined
  if (!isContinued || carried === undefined || carried === null) return undefined
  if (isMemory(carried)) return carried
  const problem = 'the second argument is not what a watch hands over: leave it out'
  throw failure(failureTypes.invalidInput, refusal(workflowType, [problem]), [problem])
}

const lists = ['chain', 'handledResumes']
const groups = ['question', 'cancelling', 'retry']

function isMemory(carried: unknown): carried is Memory {
  if (!isRecord(carried) || !isNumber(carried['startedAtMs'])) return false
  const { run, polls } = carried
  return (
    (run === undefined || isRun(run)) &&
    lists.every((name) => Array.isArray(carried[name])) &&
    isRecord(carried['creation']) &&
    groups.every((name) => carried[name] === undefined || isRecord(carried[name])) &&
    isRecord(polls) &&
    ['count', 'sleeps', 'failedInARow', 'unreadableInARow'].every((name) => isNumber(polls[name]))
  )
}

function isRun(run: unknown): boolean {
  return (
    isRecord(run) &&
    uuid.read(run['threadId']) !== undefined &&
    uuid.read(run['runId']) !== undefined &&
    deploymentName.read(run['deployment']) !== undefined
  )
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value)
}
