import { randomBytes, randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startTemporalProcess } from '../../dev/embedded-temporal.ts'
import { startLangGraphServer } from '../../dev/langgraph-server.ts'
import { newPage, openBrowser } from '../../dev/web-ui/browser.ts'
import { BackgroundRuns } from '../../src/client.ts'
import { failureConverterPath, payloadCodecs } from '../../src/payloads.ts'
import { WorkerProcess } from '../support/worker-process.ts'

const keys = `browser:${randomBytes(32).toString('base64')}`
const trading = `${fileURLToPath(new URL('../../dev/trading-graph.mjs', import.meta.url))}:trading`
const workflowId = `order/${randomUUID()}`
const symbol = 'PLANTED'
/** What the Web UI shows of a payload that it cannot read: its data, as base64. */
const ciphertext = /"[\w+/]{60,}={0,2}"/

const stops: (() => Promise<unknown>)[] = []
let browser: Browser
let uiUrl: string
let codecUrl: string
beforeAll(async () => {
  const [temporal, langGraph] = await Promise.all([
    startTemporalProcess({ webUi: true }),
    startLangGraphServer({ graphs: { trading } }),
  ])
  uiUrl = temporal.uiUrl ?? ''
  const { address } = temporal
  const worker = new WorkerProcess({
    TEMPORAL_ADDRESS: address,
    LANGGRAPH_API_URL: langGraph.url,
    PAYLOAD_KEYS: keys,
    SWEEP_INTERVAL: 'none',
  })
  const codec = new WorkerProcess(
    { PAYLOAD_KEYS: keys, CODEC_ORIGIN: uiUrl, CODEC_LISTEN: '127.0.0.1:0' },
    'src/codec-server.ts',
  )
  stops.push(
    () => codec.kill(),
    () => worker.kill(),
    () => langGraph.stop(),
    () => temporal.stop(),
  )
  const connection = await Connection.connect({ address })
  stops.unshift(() => connection.close())
  const dataConverter = { payloadCodecs: payloadCodecs(keys), failureConverterPath }
  const runs = new BackgroundRuns(new Client({ connection, dataConverter }))
  await Promise.all([worker.said('worker ready'), codec.said('codec server ready')])
  codecUrl = `http://127.0.0.1:${/"port":(\d+)/.exec(codec.log)?.[1]}`
  await runs.execute(workflowId, { assistantId: 'trading', input: { symbol }, pollInterval: '1s' })
  browser = await openBrowser()
}, 120_000)
afterAll(async () => {
  await browser?.close()
  for (const stop of stops) await stop()
})

/** The input and the result of the workflow, in a browser that knows nothing yet. */
async function openWorkflow(ui = uiUrl): Promise<Page> {
  const page = await newPage(browser)
  await page.goto(`${ui}/namespaces/default/workflows/${encodeURIComponent(workflowId)}`)
  await page.getByText(ciphertext).first().waitFor()
  return page
}

/** As a person does it: the Web UI keeps it in this browser. */
async function setCodecServer(page: Page): Promise<void> {
  await page.getByTestId('data-encoder-status').click()
  await page.getByTestId('use-local-endpoint-input').check({ force: true })
  await page.getByPlaceholder('Paste your endpoint here').fill(codecUrl)
  await page.getByRole('button', { name: 'Apply' }).click()
  await page.reload()
}

async function shown(page: Page): Promise<string> {
  return page.locator('body').innerText()
}

describe("Temporal's Web UI, of payloads that are encrypted,", () => {
  test('shows none without the codec server', async () => {
    const page = await openWorkflow()

    expect(await shown(page)).not.toContain(symbol)
    await page.context().close()
  })

  test('shows input and result through the codec server', async () => {
    const page = await openWorkflow()
    await setCodecServer(page)

    await page.getByText('success_with_results').first().waitFor()
    const text = await shown(page)
    expect(text).toMatch(new RegExp(`"input": \\{\\s+"symbol": "${symbol}"`))
    expect(text).toMatch(new RegExp(`"result": \\{[^}]*"symbol": "${symbol}"`))
    expect(text).not.toMatch(ciphertext)
    await page.context().close()
  })

  test('shows none from another origin than CODEC_ORIGIN, which the codec server refuses', async () => {
    const page = await openWorkflow(uiUrl.replace('127.0.0.1', 'localhost'))
    // The browser's own question, whether it may ask, is refused, so nothing is asked.
    const failed = page.waitForEvent('requestfailed', (request) => request.url().startsWith(codecUrl))
    await setCodecServer(page)

    expect((await failed).url()).toBe(`${codecUrl}/decode?preserveStorageRefs=true`)
    await page.getByText(ciphertext).first().waitFor()
    expect(await shown(page)).not.toContain(symbol)
    await page.context().close()
  })
})
