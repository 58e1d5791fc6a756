import { stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { newPage, openBrowser } from './web-ui/browser.ts'
import { changeColumns, openList, openWatch } from './web-ui/pages.ts'
import { setWebUiStage, shownStates } from './web-ui/stage.ts'

// `npm run screenshots`: docs/images/*.png, of the real Web UI over real watches.

const mostBytes = 150_000
/** Without what is the same on every page. */
const [left, top] = [256, 48]
const width = 1280
const heights = { list: 520, watch: 1060 } as const

async function save(page: Page, name: string, height: number): Promise<void> {
  const path = fileURLToPath(new URL(`../docs/images/${name}.png`, import.meta.url))
  const clip = { x: left, y: top, width: width - left, height: height - top }
  await page.screenshot({ path, animations: 'disabled', clip })
  const { size } = await stat(path)
  process.stdout.write(`${path} ${(size / 1000).toFixed(0)} KB\n`)
  if (size > mostBytes) throw new Error(`${path} is larger than ${mostBytes / 1000} KB`)
}

const [stage, browser] = await Promise.all([setWebUiStage(), openBrowser()])
try {
  const page = await newPage(browser)
  await page.setViewportSize({ width, height: heights.watch })
  await openList(page, stage.uiUrl)
  await changeColumns(page, {
    add: ['LangGraphState', 'LangGraphAssistant'],
    remove: ['Run ID', 'Type', 'End'],
  })
  await save(page, 'web-ui-list', heights.list)
  await openList(page, stage.uiUrl, 'LangGraphState="human"')
  await save(page, 'web-ui-waits-for-human', heights.list)
  for (const state of shownStates) {
    await openWatch(page, stage.uiUrl, state)
    await save(page, `web-ui-${state}`, heights.watch)
  }
} finally {
  await browser.close()
  await stage.stop()
}
