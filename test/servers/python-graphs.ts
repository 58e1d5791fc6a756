import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { graphNames } from '../support/graphs.ts'

const file = fileURLToPath(new URL('../support/graphs.py', import.meta.url))

/**
 * Writes the test graphs into a folder in which a Python LangGraph server looks for them.
 *
 * @param more of `langgraph.json`
 */
export async function writePythonGraphs(folder: string, more: object = {}): Promise<void> {
  await copyFile(file, join(folder, 'graphs.py'))
  const config = {
    dependencies: ['.'],
    graphs: Object.fromEntries(graphNames.map((name) => [name, `./graphs.py:${name}`])),
    ...more,
  }
  await writeFile(join(folder, 'langgraph.json'), JSON.stringify(config))
}
