import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { newPage, openBrowser } from './web-ui/browser.ts'
import { changeColumns, openList, openWatch } from './web-ui/pages.ts'
import { setWebUiStage, shownStates } from './web-ui/stage.ts'

// `npm run screenshots`: docs/images/*.png, of the real Web UI over real watches.

const mostBytes = 150_000

async function save(page: Page, name: string): Promise<void> {
  const path = fileURLToPath(new URL(`../docs/images/${name}.png`, import.meta.url))
  await page.screenshot({ path, animations: 'disabled', fullPage: true })
  const { size } = await stat(path)
  process.stdout.write(`${path} ${(size / 1000).toFixed(0)} KB\n`)
  if (size > mostBytes) throw new Error(`${path} is larger than ${mostBytes / 1000} KB`)
}

const [stage, browser] = await Promise.all([setWebUiStage(), openBrowser()])
try {
  const page = await newPage(browser)
  await openList(page, stage.uiUrl)
  await changeColumns(page, {
    add: ['LangGraphState', 'LangGraphAssistant'],
    remove: ['Run ID', 'Type'],
  })
  await save(page, 'web-ui-list')
  await openList(page, stage.uiUrl, 'LangGraphState="human"')
  await save(page, 'web-ui-waits-for-human')
  for (const state of shownStates) {
    await openWatch(page, stage.uiUrl, state)
    await save(page, `web-ui-${state}`)
  }
} finally {
  await browser.close()
  await stage.stop()
}
