import type { Client } from '@temporalio/client'
import type { Payload } from '@temporalio/common'
import { parseExecuteRunInput } from '../domain/parse-input.ts'
import { bounded } from '../domain/text.ts'

/** As what, and with what a workflow was started, from the first event of its history: by whomever, in whatever language. */
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

/** One sentence for each field of the request that is another one. How to wait is not the request: the first one's holds. */
export function differences(started: unknown, asked: unknown): string[] {
  const [before, now] = [fieldsOf(started), fieldsOf(asked)]
  const names = [...new Set([...before.keys(), ...now.keys()])].toSorted()
  return names
    .filter((name) => before.get(name) !== now.get(name))
    .map((name) => `\`${name}\` was ${shown(before.get(name))} and is now ${shown(now.get(name))}`)
}

/** Name → canonical JSON. */
function fieldsOf(input: unknown): ReadonlyMap<string, string> {
  const parsed = parseExecuteRunInput(input)
  if ('problems' in parsed) return new Map()
  const { run, ...where } = parsed.options.request
  return new Map(Object.entries({ ...where, ...run }).map(([name, value]) => [name, canonical(value)]))
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

function shown(json: string | undefined): string {
  return json === undefined ? 'not given' : bounded(json, 200)
}
