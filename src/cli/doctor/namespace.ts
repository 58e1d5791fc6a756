import type { WorkerReport } from '../../domain/diagnosis.ts'
import { creatingCommand, keywordType, searchAttributeNames as names } from '../../domain/state.ts'
import { quoted } from '../../domain/printable.ts'
import { days } from '../time-span.ts'
import type { Temporal } from '../temporal.ts'
import { failed, ok, warning } from './check.ts'
import type { Check } from './check.ts'

const typeNames = ['', 'Text', 'Keyword', 'Int', 'Double', 'Bool', 'Datetime', 'KeywordList']

/** @throws CliError if there is no such namespace, or it may not be seen */
export async function temporalAndNamespace(temporal: Temporal): Promise<readonly Check[]> {
  const { client, address } = temporal
  const { namespace } = client.options
  const [{ serverVersion }, { config }] = await temporal.ask(() =>
    Promise.all([client.workflowService.getSystemInfo({}), client.workflowService.describeNamespace({ namespace })]),
  )
  const seconds = Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0)
  return [
    ok('temporal', `${address} answers${serverVersion ? `, server ${serverVersion}` : ''}`),
    ok(
      'namespace',
      `"${namespace}" keeps closed workflows for ${seconds > 0 ? days(seconds) : 'a time that it does not tell'}`,
    ),
  ]
}

/**
 * The worker adds what is missing when it starts, if it may.
 *
 * @param report of a worker that was asked, if one has answered
 */
export async function searchAttributesThere(
  temporal: Temporal,
  report: Promise<WorkerReport | undefined>,
): Promise<readonly Check[]> {
  const { namespace } = temporal.client.options
  const found = new Map(Object.entries(await temporal.searchAttributeTypes()))
  if ((await report)?.search_attributes === false) return [areOff]
  const wrong = names.filter((name) => ![undefined, keywordType].includes(found.get(name)))
  if (wrong.length > 0) return [wrongType(wrong, found, namespace)]
  const missing = names.filter((name) => !found.has(name))
  if (missing.length === 0) return [ok('search attributes', names.join(', '))]
  const remedy = `they are added when a worker starts that may add them (SEARCH_ATTRIBUTES is not off); or add them yourself, \`${creatingCommand(namespace, missing)}\` (in Temporal Cloud by its Web UI or tcld), and restart the workers`
  return [
    warning(
      'search attributes',
      `missing: ${missing.join(', ')}; the filters of \`list\` and of the Web UI go without`,
      remedy,
    ),
  ]
}

const areOff = ok(
  'search attributes',
  'off on this worker (SEARCH_ATTRIBUTES=off): `list` filters by the memo, the Web UI cannot filter by them',
)

function wrongType(wrong: readonly string[], found: ReadonlyMap<string, number>, namespace: string): Check {
  const types = wrong.map((name) => `${name} is of type ${typeNames[found.get(name) ?? 0] ?? '?'}`).join(', ')
  const remove = wrong.map((name) => `--name ${name}`).join(' ')
  const remedy = `if nobody else uses it, \`temporal operator search-attribute remove --namespace ${quoted(namespace)} ${remove}\`, and restart the workers; otherwise set SEARCH_ATTRIBUTES=off on them`
  return failed('search attributes', `${types}, and must be of type Keyword`, remedy)
}
