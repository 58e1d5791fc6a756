import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { newPage, openBrowser } from '../../dev/web-ui/browser.ts'
import { changeColumns, openList, openWatch, partOf } from '../../dev/web-ui/pages.ts'
import { orders, setWebUiStage, shownStates } from '../../dev/web-ui/stage.ts'
import type { ShownState, WebUiStage } from '../../dev/web-ui/stage.ts'

let stage: WebUiStage
let browser: Browser
let page: Page
beforeAll(async () => {
  ;[stage, browser] = await Promise.all([setWebUiStage(), openBrowser()])
}, 120_000)
afterAll(async () => {
  await browser.close()
  await stage.stop()
})
beforeEach(async () => {
  page = await newPage(browser)
})
afterEach(() => page.context().close())

const assistants: Readonly<Record<ShownState, string>> = {
  success: 'trading',
  error: 'delisted',
  human: 'approval',
  outage: 'trading',
  waiting: 'overnight',
}

/** The cells of each row, by the workflow id. */
async function rows(): Promise<ReadonlyMap<string, readonly string[]>> {
  const texts = await page
    .getByRole('row')
    .evaluateAll((found) => found.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent.trim())))
  return new Map(texts.flatMap((cells) => cells.filter((cell) => /^order\/\d+$/.test(cell)).map((id) => [id, cells])))
}

describe('the list of workflows', () => {
  test('has columns for the state and the assistant', async () => {
    await openList(page, stage.uiUrl)
    await changeColumns(page, { add: ['LangGraphState', 'LangGraphAssistant'] })

    const shown = await rows()

    for (const state of shownStates) {
      expect(shown.get(orders[state])?.slice(-2)).toEqual([state, assistants[state]])
    }
  })

  test.each<{ query: string; found: readonly ShownState[] }>([
    { query: 'LangGraphState="human"', found: ['human'] },
    { query: 'LangGraphState="outage"', found: ['outage'] },
    { query: 'LangGraphAssistant="trading"', found: ['outage', 'success'] },
    { query: 'LangGraphState IN ("error", "timeout", "polling_timeout", "polling_error")', found: ['error'] },
  ])('shows what $query finds', async ({ query, found }) => {
    await openList(page, stage.uiUrl, query)
    await page.getByText(`1–${found.length}`).waitFor()

    expect([...(await rows()).keys()].toSorted()).toEqual(found.map((state) => orders[state]).toSorted())
  })
})

describe('the page of a watch', () => {
  test.each<{ state: ShownState; begins: RegExp; says: readonly (RegExp | string)[] }>([
    { state: 'waiting', begins: /^Nothing to do/, says: [/run [\da-f-]{36} of thread/, 'next poll'] },
    {
      state: 'human',
      begins: /^Answer it: langgraph-runs resume --id order\/4713/,
      says: [/(BUY|SELL) MSFT\?/, 'yes', 'no'],
    },
    { state: 'outage', begins: /^Check the deployment research: no answer since 20/, says: ['no connection'] },
    { state: 'error', begins: /^Fix what the error says/, says: ['no prices for TWTR: it was delisted in 2023'] },
    { state: 'success', begins: /success_with_results/, says: ['thread_state'] },
  ])('$state: begins with what to do', async ({ state, begins, says }) => {
    await openWatch(page, stage.uiUrl, state)

    const deployment = state === 'outage' ? 'research' : 'default'
    await partOf(page, 'Summary').getByText(`${assistants[state]} on ${deployment}: ${orders[state]}`).waitFor()
    await partOf(page, 'Details').getByText(`langgraph-runs watch --id ${orders[state]}`).waitFor()
    const current = (await partOf(page, 'Current Details').innerText()).trim()
    expect(current).toMatch(begins)
    for (const words of says) expect(current).toMatch(words)
  })

  test('shows the whole question: no line is cut off', async () => {
    await openWatch(page, stage.uiUrl, 'human')

    const blocks = partOf(page, 'Current Details').locator('pre')
    const cut = await blocks.evaluateAll((found) => found.map((block) => block.scrollWidth - block.clientWidth))

    expect(cut.length).toBeGreaterThan(0)
    expect(Math.max(...cut)).toBeLessThanOrEqual(1)
  })

  test('names what its activities and timers wait for', async () => {
    await page.goto(`${stage.uiUrl}/namespaces/default/workflows/${encodeURIComponent(orders.waiting)}`)
    await page.getByText('Event History').click()

    await page
      .getByText(/poll \d+/)
      .first()
      .waitFor()
    await page
      .getByText(/until|sleep|next poll/i)
      .first()
      .waitFor()
  })
})
