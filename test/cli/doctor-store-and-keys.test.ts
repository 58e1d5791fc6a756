import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { PayloadCodec } from '@temporalio/common'
import { afterAll, describe, expect, inject, test } from 'vitest'
import { resultStore } from '../../src/client.ts'
import { payloadCodecs } from '../../src/payloads.ts'
import { CliProcess } from './cli-process.ts'
import { Patient } from './patient.ts'

const servers = [{ name: 'default', url: inject('langGraphUrl') }]
const patients: Patient[] = []
afterAll(async () => {
  await CliProcess.killAll()
  await Promise.all(patients.map((patient) => patient.close()))
})

async function newPatient(): Promise<Patient> {
  const patient = await Patient.create()
  patients.push(patient)
  return patient
}

async function newFolder(patient: Patient): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'langgraph-background-runs-doctor-'))
  patient.atEnd(() => rm(folder, { recursive: true, force: true }))
  return folder
}

describe.concurrent('the result store', () => {
  test('is off, on the worker or on both', async () => {
    const patient = await newPatient()
    await patient.startWorker({ servers, sweepInterval: 'none' })

    const [off, onlyHere] = await Promise.all([
      patient.examine({ RESULT_STORE: '' }),
      patient.examine({ RESULT_STORE: 'file:///srv/results' }),
    ])

    expect(off).toMatchObject({ code: 0, of: { 'result store': { status: 'ok' } } })
    expect(onlyHere).toMatchObject({ code: 0 })
    expect(onlyHere.of['result store']).toEqual({
      status: 'warning',
      found: 'RESULT_STORE is file:///srv/results here, but the worker has none: results over 1.5 MB stay in LangGraph',
      remedy: 'set the same RESULT_STORE on all workers, and restart them',
    })
  })

  test('takes what the worker writes, and what can be read of it is said', async () => {
    const patient = await newPatient()
    const [folder, other] = await Promise.all([newFolder(patient), newFolder(patient)])
    const store = resultStore(pathToFileURL(folder).href)
    await patient.startWorker({ servers, sweepInterval: 'none', resultStore: store })

    const [blind, reading, elsewhere] = await Promise.all([
      patient.examine({ RESULT_STORE: '' }),
      patient.examine({ RESULT_STORE: store.url }),
      patient.examine({ RESULT_STORE: pathToFileURL(other).href }),
    ])

    expect(blind.of['result store']).toEqual({
      status: 'ok',
      found: expect.stringMatching(/over 1048576 bytes there; RESULT_STORE is not set here/),
    })
    expect(reading.of['result store']).toEqual({
      status: 'ok',
      found: expect.stringMatching(/; results can be read here$/),
    })
    expect(elsewhere).toMatchObject({ code: 1 })
    expect(elsewhere.of['result store']).toEqual({
      status: 'failed',
      found: expect.stringContaining('commands cannot read them'),
      remedy: expect.stringContaining(store.url),
    })
    expect(await readdir(folder, { recursive: true })).toEqual(['.unfinished', 'doctor.json'])
  })

  test('is not there for the worker: what to do, and what becomes of results meanwhile', async () => {
    const patient = await newPatient()
    const folder = await newFolder(patient)
    const { url } = resultStore(pathToFileURL(folder).href)
    await patient.startWorker({ servers, sweepInterval: 'none', resultStore: resultStore(url) })
    await rename(folder, `${folder}-away`)

    const { code, of } = await patient.examine({ RESULT_STORE: url })

    await rename(`${folder}-away`, folder)
    expect(code).toBe(1)
    expect(of['result store']).toEqual({
      status: 'failed',
      found: expect.stringMatching(
        /^for the worker: The result store file:\S+ does not exist: is the volume mounted\?/,
      ),
      remedy: expect.stringMatching(
        /^correct that on the worker's machine .* success_no_results, and `langgraph-runs retrieve`/,
      ),
    })
  })
})

const keys = (...ids: readonly string[]) => ids.map((id) => `${id}:${base64[id]}`).join(',')
const base64 = Object.fromEntries(['a', 'b', 'c'].map((id) => [id, randomBytes(32).toString('base64')]))
const asItComes: PayloadCodec = { encode: async (payloads) => payloads, decode: async (payloads) => payloads }

describe.concurrent('the keys of payloads', () => {
  test.each<{ worker: PayloadCodec[]; here: string; of: string; status: string; found: string; remedy?: string }>([
    { worker: [], here: '', of: 'payload keys', status: 'ok', found: 'are in plain text in Temporal' },
    {
      worker: [],
      here: keys('a'),
      of: 'payload keys',
      status: 'failed',
      found: 'this command encrypts with "a", but the worker has no keys',
      remedy: 'give that key to all workers in PAYLOAD_KEYS',
    },
    {
      worker: payloadCodecs(keys('a', 'b')),
      here: keys('b', 'a'),
      of: 'payload keys',
      status: 'ok',
      found: 'the worker encrypts with "a", this command with "b"; both can read that',
    },
    {
      worker: payloadCodecs(keys('a', 'b')),
      here: keys('a'),
      of: 'payload keys',
      status: 'warning',
      found: 'the worker has "a", "b", but "b" is missing here',
      remedy: 'set PAYLOAD_KEYS here as the workers have it',
    },
    {
      worker: payloadCodecs(keys('a')),
      here: keys('c', 'a'),
      of: 'payload keys',
      status: 'failed',
      found: 'this command encrypts with "c", but the worker has "a" only: it cannot read that',
      remedy: 'put another one first here',
    },
    {
      worker: payloadCodecs(keys('a')),
      here: '',
      of: 'a worker asked',
      status: 'failed',
      found: 'its answer cannot be read here',
      remedy: 'the key "a", and PAYLOAD_KEYS is not set here: give PAYLOAD_KEYS that key',
    },
    {
      worker: [asItComes],
      here: '',
      of: 'payload keys',
      status: 'warning',
      found: 'the worker has codecs of its own (DATA_CONVERTER), and this command has none',
      remedy: 'set the same DATA_CONVERTER on all workers and here',
    },
  ])('$status: $found', async ({ worker, here, of, status, found, remedy = '' }) => {
    const patient = await newPatient()
    await patient.startWorker({ servers, sweepInterval: 'none' }, { dataConverter: { payloadCodecs: worker } })

    const seen = await patient.examine({ PAYLOAD_KEYS: here })

    expect(seen.code).toBe(status === 'failed' ? 1 : 0)
    expect(seen.of[of]).toMatchObject({ status, found: expect.stringContaining(found) })
    expect(seen.of[of]?.remedy ?? '').toContain(remedy)
    // No key is shown.
    expect(Object.values(base64).filter((key) => JSON.stringify(seen).includes(key))).toEqual([])
  })
})
