import type { PayloadReport, WorkerReport } from '../../domain/diagnosis.ts'
import { reportOn } from '../../payloads/report.ts'
import type { Temporal } from '../temporal.ts'
import { failed, ok, warning } from './check.ts'
import type { Check } from './check.ts'

const check = 'payload keys'

/** Whether the worker can read what is written here; that this command can read the worker, its answer has shown. */
export function payloadsOf({ client }: Temporal, { payloads: there }: WorkerReport): readonly Check[] {
  if (!there) return []
  const here = reportOn(client.options.loadedDataConverter.payloadCodecs)
  return [there.own_codecs || here.own_codecs ? ofOwnCodecs(there, here) : ofKeys(there, here)]
}

function ofKeys({ key_ids: there }: PayloadReport, { key_ids: here }: PayloadReport): Check {
  const [writesHere] = here
  const [writesThere] = there
  if (writesHere === undefined && writesThere === undefined) {
    return ok(check, 'none on the worker and here: inputs, answers and results are in plain text in Temporal')
  }
  // Whoever has no key here has not read the worker's answer, so this does not come up with keys there.
  if (writesHere === undefined || !there.includes(writesHere)) {
    const has = there.length === 0 ? 'has no keys' : `has ${listed(there)} only`
    const remedy = `give that key to all workers in PAYLOAD_KEYS, and restart them, before anybody writes with it; or put another one first here`
    return failed(
      check,
      `this command encrypts with "${writesHere}", but the worker ${has}: it cannot read that`,
      remedy,
    )
  }
  const missing = there.filter((id) => !here.includes(id))
  if (missing.length > 0) {
    const remedy =
      'set PAYLOAD_KEYS here as the workers have it: what was written with another key cannot be read without it'
    return warning(check, `the worker has ${listed(there)}, but ${listed(missing)} is missing here`, remedy)
  }
  return ok(check, `the worker encrypts with "${writesThere}", this command with "${writesHere}"; both can read that`)
}

function ofOwnCodecs({ own_codecs: there }: PayloadReport, { own_codecs: here }: PayloadReport): Check {
  if (there && here) return ok(check, 'codecs of your own (DATA_CONVERTER) on the worker and here')
  const [has, lacks] = there ? ['the worker', 'this command'] : ['this command', 'the worker']
  const remedy = 'set the same DATA_CONVERTER on all workers and here'
  return warning(check, `${has} has codecs of its own (DATA_CONVERTER), and ${lacks} has none`, remedy)
}

function listed(ids: readonly string[]): string {
  return ids.map((id) => `"${id}"`).join(', ')
}
