import { afterEach, beforeEach, expect, test } from 'vitest'
import { createActivities } from '../../src/activities/index.ts'
import { linksTo } from '../../src/activities/links.ts'
import type { LangSmithPages } from '../../src/activities/links.ts'
import type { Polled } from '../../src/domain/run.ts'
import { createDeployments } from '../../src/langgraph/deployments.ts'
import { json, ScriptedLangGraph } from '../support/scripted-langgraph.ts'
import { newRun, tryOf } from './in-activity.ts'

// What the answers and failures of activities tell a watch of what it may show.

let server: ScriptedLangGraph
beforeEach(async () => {
  server = await ScriptedLangGraph.start()
})
afterEach(() => server.stop())

const run = newRun()
const assistantId = '0199a1b2-c3d4-7e5f-8a9b-00000000000a'
const running = json({ status: 'running', assistant_id: assistantId })

interface With {
  readonly areThere?: boolean
  readonly linkTemplate?: string
  readonly langSmith?: LangSmithPages
}

function activities({ areThere, linkTemplate, langSmith }: With = {}) {
  const servers = [{ name: 'default', url: server.url, ...(linkTemplate !== undefined && { linkTemplate }) }]
  const searchAttributes = { exist: async () => areThere === true }
  return createActivities(createDeployments(servers), {
    links: linksTo(servers, langSmith),
    ...(areThere !== undefined && { searchAttributes }),
  })
}

async function shownOf(given?: With, workflowType = 'watchRun'): Promise<unknown> {
  server.on('run', running)
  const { getRunStatus } = activities(given)
  const answer: Polled = await tryOf({ workflowType }).environment.run(getRunStatus, run)
  const { status: _, askedAtMs: __, ...shown } = answer
  return shown
}

test.each([
  { what: 'nothing about them', given: {}, shown: { memo: true } },
  { what: 'that they are missing', given: { areThere: false }, shown: { memo: true } },
  { what: 'that they exist', given: { areThere: true }, shown: { memo: true, searchAttributes: true } },
])('a watch is told to keep its memo, and of search attributes $what', async ({ given, shown }) => {
  expect(await shownOf(given)).toEqual(shown)
})

test('a single look is told nothing', async () => {
  expect(await shownOf({ areThere: true }, 'readRunStatus')).toEqual({})
})

test('a failure tells it too, also of a deployment that is not configured', async () => {
  server.on('run', json({}, { status: 503 }))
  const { getRunStatus } = activities({ areThere: true })
  for (const deployment of ['default', 'us']) {
    const failure: unknown = await tryOf({ workflowType: 'watchRun' })
      .environment.run(getRunStatus, { ...run, deployment })
      .catch((error: unknown) => error)
    expect(failure).toMatchObject({ details: [{ shown: { memo: true, searchAttributes: true } }] })
  }
})

test.each([
  {
    given: { linkTemplate: 'https://eu.example/{threadId}?run={runId}' },
    link: `https://eu.example/${run.threadId}?run=${run.runId}`,
  },
  { given: { linkTemplate: 'https://eu.example/a/{assistantId}' }, link: `https://eu.example/a/${assistantId}` },
  {
    given: { langSmith: { projectUrl: 'https://smith.example/o/1/projects/p/2/' } },
    link: `https://smith.example/o/1/projects/p/2/r/${run.runId}`,
  },
])('the links that are configured are filled in: $given', async ({ given, link }) => {
  expect(await shownOf(given)).toEqual({ memo: true, links: [link] })
})

test('LangGraph Studio is led to the deployment', async () => {
  const studioUrl = 'https://smith.example/studio'
  const link = `${studioUrl}/thread/${run.threadId}?baseUrl=${encodeURIComponent(server.url)}`
  expect(await shownOf({ langSmith: { studioUrl } })).toEqual({ memo: true, links: [link] })
})

test('a created run is linked with its assistant, and what would end a link in markdown is escaped', async () => {
  server
    .on('runs', json([]))
    .on('thread', json({}))
    .on('create', json({ run_id: run.runId, status: 'pending' }))
  const { createRun } = activities({ linkTemplate: 'https://eu.example/{assistantId}/{runId}' })
  const request = { ...run, key: 'k', run: { assistantId: 'a (b)/é', multitaskStrategy: 'reject' as const } }
  const created = await tryOf({ workflowType: 'executeRun' }).environment.run(createRun, request)
  expect(created).toMatchObject({ links: [`https://eu.example/a%20%28b%29%2F%C3%A9/${run.runId}`] })
})

test('half of a character in the name of an assistant is no reason to fail', () => {
  const links = linksTo([{ name: 'default', url: server.url, linkTemplate: 'https://eu.example/{assistantId}' }])
  expect(links({ ...run, assistantId: 'a\uD800b😀' })).toEqual(['https://eu.example/a%EF%BF%BDb%F0%9F%98%80'])
})

test('a link that names what is not known is left out', () => {
  const links = linksTo([{ name: 'default', url: server.url, linkTemplate: 'https://eu.example/{assistantId}' }])
  expect(links(run)).toEqual([])
  expect(links({ ...run, deployment: 'us' })).toEqual([])
})
