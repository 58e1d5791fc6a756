import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { newPage, openBrowser } from '../../dev/web-ui/browser.ts'
import { changeColumns, openList, openWatch, partOf } from '../../dev/web-ui/pages.ts'
import { orders, setWebUiStage, shownStates } from '../../dev/web-ui/stage.ts'
import type { ShownState, WebUiStage } from '../../dev/web-ui/stage.ts'

let stage: WebUiStage
let browser: Browser
let page: Page
beforeAll(async () => {
  ;[stage, browser] = await Promise.all([setWebUiStage(), openBrowser()])
  // The Web UI's code is loaded once.
  page = await newPage(browser)
}, 120_000)
afterAll(async () => {
  await browser.close()
  await stage.stop()
})

const assistants: Readonly<Record<ShownState, string>> = {
  success: 'trading',
  error: 'delisted',
  human: 'rebalance',
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
      says: [/buy\s+200\s+more\s+at\s+412\.80\s+or\s+less\?/, 'portfolio_share: 0.38', 'yes', 'no'],
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

  test.each<ShownState>(['human', 'outage', 'error'])(
    '%s: no line of the question or the error is cut off',
    async (state) => {
      await openWatch(page, stage.uiUrl, state)

      const body = partOf(page, 'Current Details')
      const cut = await body
        .locator('pre, code, p')
        .evaluateAll((found) =>
          found.filter((block) => block.scrollWidth > block.clientWidth + 1 && block.clientWidth > 0),
        )
      const beyond = await body.evaluate((element) => element.scrollWidth - element.clientWidth)

      expect(cut).toEqual([])
      expect(beyond).toBeLessThanOrEqual(1)
    },
  )

  test('names what its activities and timers wait for', async () => {
    await page.goto(`${stage.uiUrl}/namespaces/default/workflows/${encodeURIComponent(orders.waiting)}`)
    await page.getByRole('tab', { name: /^Event History/ }).click()

    for (const words of [/poll \d+: is the run done\?/, /until poll \d+, or /]) {
      const summary = page.getByText(words).first()
      await summary.waitFor()
      expect(await summary.isVisible()).toBe(true)
    }
  })
})
