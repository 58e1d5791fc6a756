import type { Locator, Page } from 'playwright-core'
import { orders } from './stage.ts'
import type { ShownState } from './stage.ts'

type Part = 'Summary' | 'Details' | 'Current Details'

/** The list, of those that the query finds. */
export async function openList(page: Page, uiUrl: string, query = ''): Promise<void> {
  await page.goto(`${uiUrl}/namespaces/default/workflows?query=${encodeURIComponent(query)}`)
  await page.getByRole('link', { name: 'order/' }).first().waitFor()
}

/** As a person does it: the Web UI remembers it in this browser. */
export async function changeColumns(
  page: Page,
  { add, remove = [] }: { readonly add: readonly string[]; readonly remove?: readonly string[] },
): Promise<void> {
  await page.getByRole('button', { name: 'Configure Columns' }).click()
  for (const name of remove) {
    await page.getByRole('button', { name: `Remove ${name} column` }).click()
    await page.getByRole('button', { name: `Add ${name} column` }).waitFor()
  }
  for (const name of add) {
    await page.getByRole('button', { name: `Add ${name} column` }).click()
    await page.getByRole('columnheader', { name }).waitFor()
  }
  const close = page.getByRole('button', { name: /^Close .* configuration$/ })
  await close.click()
  await close.waitFor({ state: 'hidden' })
}

/** One workflow, with what its starter and the watch say about it. */
export async function openWatch(page: Page, uiUrl: string, state: ShownState): Promise<void> {
  await page.goto(`${uiUrl}/namespaces/default/workflows/${encodeURIComponent(orders[state])}`)
  await page.getByRole('tab', { name: 'User Metadata' }).click()
  await partOf(page, 'Current Details').getByText(/\S/).first().waitFor()
}

/** What stands below a heading. The Web UI shows markdown in a frame of its own. */
export function partOf(page: Page, heading: Part): Locator {
  const frame = `//h3[normalize-space()="${heading}"]/ancestor::*[.//iframe][1]//iframe`
  return page.locator(`xpath=${frame}`).contentFrame().locator('body')
}
