import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { graphNames } from '../support/graphs.ts'

const file = fileURLToPath(new URL('../support/graphs.py', import.meta.url))

/** Writes the test graphs into a folder in which a Python LangGraph server looks for them. */
export async function writePythonGraphs(folder: string): Promise<void> {
  await copyFile(file, join(folder, 'graphs.py'))
  const config = {
    dependencies: ['.'],
    graphs: Object.fromEntries(graphNames.map((name) => [name, `./graphs.py:${name}`])),
  }
  await writeFile(join(folder, 'langgraph.json'), JSON.stringify(config))
}
