import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { createDeployments } from '../../src/langgraph/deployments.ts'
import { hang, json, reset, ScriptedLangGraph, text } from '../support/scripted-langgraph.ts'

const apiKey = 'planted-key'
const noRun = json({ detail: 'Run not found' }, { status: 404 })
const limit = () => AbortSignal.timeout(5000)

let scripted: ScriptedLangGraph
beforeEach(async () => {
  scripted = await ScriptedLangGraph.start()
})
afterEach(() => scripted.stop())

function firstLook(signal = limit()) {
  return createDeployments([{ name: 'eu', url: scripted.url, apiKey }])('eu').firstLook(signal)
}

describe('the first look at a server', () => {
  test('finds a real one ready, with its version', async () => {
    const langGraph = createDeployments([{ name: 'real', url: inject('langGraphUrl') }])('real')
    const version = expect.stringMatching(/^\d+\.\d+/)
    expect(await langGraph.firstLook(limit())).toEqual({ kind: 'ready', version, language: 'JavaScript' })
  })

  test.each([
    ['404', noRun],
    ['422', json({ detail: 'no such id' }, { status: 422 })],
    ['a run', json({ status: 'pending' })],
  ])('takes the key for accepted by the answer %s', async (_, answer) => {
    scripted.on('run', answer).on('info', json({ version: '0.16.7', langgraph_py_version: '1.2', flags: {} }))
    expect(await firstLook()).toEqual({ kind: 'ready', version: '0.16.7', language: 'Python' })
    expect(scripted.requests.map(({ headers }) => headers['x-api-key'])).toEqual([apiKey, apiKey])
  })

  test.each([
    ['is not there', json({ detail: 'Not Found' }, { status: 404 })],
    ['is of another type', json({ version: 7 })],
    ['is a page', text('<html>', { headers: { 'content-type': 'text/html' } })],
    ['gets no answer', reset],
  ])('does without a version that %s', async (_, answer) => {
    scripted.on('run', noRun).on('info', answer)
    expect(await firstLook()).toEqual({ kind: 'ready' })
  })

  test.each([401, 403])('tells that the key is refused by %s, without the key', async (status) => {
    scripted.on('run', json({ detail: `no ${apiKey}` }, { status }))
    expect(await firstLook()).toEqual({
      kind: 'refused',
      reason: `an answer from deployment "eu": HTTP ${status} "no [secret]": check the API key and headers of deployment "eu" in the worker's configuration`,
    })
  })

  test.each([
    ['an error', text('down', { status: 500 })],
    ['a page of another server', text('<html>', { status: 404 })],
    ['a redirect', text('', { status: 302, headers: { location: 'https://login.example' } })],
    ['a reset connection', reset],
  ])('tells that the server gave no answer, by %s', async (_, answer) => {
    scripted.on('run', answer)
    expect(await firstLook()).toEqual({
      kind: 'unanswered',
      reason: expect.stringMatching(/^an answer from deployment "eu": /),
    })
  })

  test('ends with its time, and with its worker', async () => {
    scripted.on('run', hang)
    expect(await firstLook(AbortSignal.timeout(200))).toMatchObject({ kind: 'unanswered' })
    const stopped = new Error('stopped')
    await expect(firstLook(AbortSignal.abort(stopped))).rejects.toBe(stopped)
  })

  test('shows no secret in a version', async () => {
    scripted.on('run', noRun).on('info', json({ version: `1.0 ${apiKey}` }))
    expect(await firstLook()).toEqual({ kind: 'ready', version: '1.0 [secret]' })
  })
})
