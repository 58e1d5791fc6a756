import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CommandContext } from '../../src/cli/context.ts'
import { answerIn, readJson, textOf } from '../../src/cli/json-text.ts'
import { Screen } from '../../src/cli/screen.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'json-text-test-'))
})
afterAll(() => rm(folder, { recursive: true }))

const json = '{"name": "Größe 服务"}'
const utf16le = Buffer.from(`\uFEFF${json}`, 'utf16le')

function unused(): never {
  throw new Error('not needed')
}

function contextWith(stdin: Uint8Array): CommandContext {
  return {
    screen: new Screen({ write: unused }, { isLive: false }),
    readInput: () => Promise.resolve(stdin),
    environment: unused,
    connect: unused,
    print: unused,
    atCtrlC: unused,
    endWith: unused,
  }
}

test.each([
  ['UTF-8', Buffer.from(json)],
  ['UTF-8 with a byte order mark', Buffer.from(`\uFEFF${json}`)],
  ['UTF-16, as PowerShell writes it', utf16le],
  ['UTF-16, the other byte first', Buffer.from(utf16le).swap16()],
])('JSON is read from files and stdin in %s', async (_, bytes) => {
  const file = join(folder, 'input.json')
  await writeFile(file, bytes)

  const values = await readJson(contextWith(bytes), { input: `@${file}`, config: '-' })

  expect(values).toEqual({ input: JSON.parse(json), config: JSON.parse(json) })
})

test.each([
  ['Latin-1', Buffer.from(json, 'latin1')],
  ['half a character of UTF-16', utf16le.subarray(0, -1)],
])('a file in %s is refused: replacement characters would change the data', async (_, bytes) => {
  const file = join(folder, 'input.json')
  await writeFile(file, bytes)

  const refused = readJson(contextWith(bytes), { input: `@${file}` })

  await expect(refused).rejects.toMatchObject({
    exitCode: 64,
    message: `the file ${file} (--input) cannot be read: it is neither UTF-8 nor UTF-16 with a byte order mark`,
  })
})

const read = async (stdin: string) => answerIn(await textOf(contextWith(Buffer.from(stdin)), 'value', '-'))

test('an answer in a file is JSON, or else a text without its last line break', async () => {
  expect(await read('yes\n')).toBe('yes')
  expect(await read('{"approved": true}\n')).toEqual({ approved: true })
  await expect(read('{"approved": true\n')).rejects.toMatchObject({ exitCode: 64 })
})
