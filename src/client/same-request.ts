import { isDeepStrictEqual } from 'node:util'
import type { Client } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import type { Payload } from '@temporalio/common'
import { failureTypes, workflowTypes } from '../domain/contract.ts'
import { present } from '../domain/json.ts'
import { parseExecuteRunInput } from '../domain/parse-input.ts'
import { shown } from '../domain/text.ts'

/** A field of the request that differs. The values are JSON, cut short; one that was not given is absent. */
export interface Difference {
  readonly field: string
  readonly was?: string
  readonly is?: string
}

/** The failure `DifferentRequest`: its details hold the differences as sentences, and the command line words them itself. */
export class DifferentRequest extends ApplicationFailure {
  readonly workflowId: string
  /** Empty if the id belongs to a workflow of another type. */
  readonly differences: readonly Difference[]

  constructor(message: string, workflowId: string, sentences: readonly string[], differences: readonly Difference[]) {
    super(message, failureTypes.differentRequest, true, [sentences])
    this.workflowId = workflowId
    this.differences = differences
  }
}

/** @throws ApplicationFailure of type `DifferentRequest` if the id belongs to another request */
export async function requireSameRequest(client: Client, workflowId: string, input: unknown): Promise<void> {
  const started = await startOf(client, workflowId)
  if (started.workflowType !== workflowTypes.executeRun) {
    const { workflowType } = started
    const other = `is a workflow of type "${workflowType}", not of "${workflowTypes.executeRun}"`
    const message = `Workflow "${workflowId}" ${other}. Take another workflow id`
    throw new DifferentRequest(message, workflowId, [other], [])
  }
  const differences = differencesBetween(started.input, input)
  if (differences.length === 0) return
  const sentences = differences.map((one) => `\`${one.field}\` ${howItDiffers(one)}`)
  const message = `Workflow "${workflowId}" was started with another request: ${sentences.join('; ')}. Take another workflow id for another run`
  throw new DifferentRequest(message, workflowId, sentences, differences)
}

export function howItDiffers({ was = 'not given', is = 'not given' }: Difference): string {
  return `was ${was} and is now ${is}`
}

/** The type and the input that a workflow was started with, from the first event of its history. */
export async function startOf(
  client: Client,
  workflowId: string,
): Promise<{ readonly workflowType: string; readonly input: unknown }> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId },
    maximumPageSize: 1,
  })
  const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes
  const [argument] = started?.input?.payloads ?? []
  return { workflowType: started?.workflowType?.name ?? '', input: argument && (await decoded(client, argument)) }
}

async function decoded(client: Client, payload: Payload): Promise<unknown> {
  const { payloadCodecs, payloadConverter } = client.options.loadedDataConverter
  let payloads = [payload]
  for (const codec of payloadCodecs.toReversed()) payloads = await codec.decode(payloads)
  return payloads[0] && payloadConverter.fromPayload(payloads[0])
}

/** How to wait is not part of the request: the options of the first start apply. */
function differencesBetween(started: unknown, asked: unknown): Difference[] {
  const [before, now] = [fieldsOf(started), fieldsOf(asked)]
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].toSorted()
  return names
    .filter((name) => !isDeepStrictEqual(before[name], now[name]))
    .map((field) => ({ field, ...present({ was: json(before[field]), is: json(now[field]) }) }))
}

/** Reads the fields as JSON carries them: without `undefined`, and without classes. */
function fieldsOf(input: unknown): Readonly<Record<string, unknown>> {
  const parsed = parseExecuteRunInput(input)
  if (parsed.kind === 'refused') return {}
  const { run, ...where } = parsed.options.request
  const fields: Readonly<Record<string, unknown>> = JSON.parse(JSON.stringify({ ...where, ...run }))
  return fields
}

function json(value: unknown): string | undefined {
  return value === undefined ? undefined : shown(value, 200)
}
