import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

/** A block of code in a document. */
export interface Block {
  readonly language: string
  readonly code: string
  /** The last file name in the text above the block, if it names one: `order.ts`. */
  readonly file: string | undefined
}

export const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))

/** The text under a heading of the second level, or the whole page. @throws if the page has no such heading */
export async function sectionOf(page: string, heading?: string): Promise<string> {
  const text = await readFile(at(page), 'utf8')
  if (heading === undefined) return text
  const [, section] = new RegExp(`^## ${heading}\n(.*?)(?=^## |$(?![^]))`, 'ms').exec(text) ?? []
  if (section === undefined) throw new Error(`${page} has no heading "## ${heading}"`)
  return section
}

/** The blocks of code of a page, or under one of its headings, in their order. */
export async function blocksOf(page: string, heading?: string): Promise<readonly Block[]> {
  const section = await sectionOf(page, heading)
  let end = 0
  return [...section.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(
    ({ 0: whole, 1: language = '', 2: code = '', index }) => {
      const above = section.slice(end, index)
      end = index + whole.length
      return { language, code, file: [...above.matchAll(/`([\w-]+\.\w+)`/g)].at(-1)?.[1] }
    },
  )
}

/** The one block in a language. @throws unless the page has exactly one */
export async function blockOf(page: string, heading: string, language: string): Promise<string> {
  const blocks = (await blocksOf(page, heading)).filter((block) => block.language === language)
  const [block] = blocks
  if (!block || blocks.length > 1) throw new Error(`${page}, "${heading}": ${blocks.length} blocks of ${language}`)
  return block.code
}

/** The commands of a shell block; one that ends a line with a backslash continues on the next. */
export function commandsIn(block: string): readonly string[] {
  return block
    .split(/(?<!\\)\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
}
