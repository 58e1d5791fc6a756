import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, lutimes, mkdir, open, realpath, rename, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { StoreAddress } from './address.ts'
import { unavailable } from './failures.ts'
import { TooLong } from './port.ts'
import type { Content, ObjectStore } from './port.ts'

/** In the folder, so that a rename does not leave its file system. A crash leaves a file here, and nowhere else. */
const unfinished = '.unfinished'
/** Other users of the machine read nothing. */
const modes = { folder: 0o750, file: 0o640 }

/** A folder of this machine, or of a volume that workers and clients share. */
export function folderStore({ folder, url }: Extract<StoreAddress, { kind: 'folder' }>): ObjectStore {
  return {
    url,
    urlOf: (key) => pathToFileURL(join(folder, key)).href,
    keyIn: (of) => (of.startsWith(`${url}/`) ? of.slice(url.length + 1) : undefined),
    load: async () => {},
    put: (key, content, signal) => asking(url, signal, () => put(folder, key, content, signal)),
    tryOut: (key, content, signal) => asking(url, signal, () => put(folder, key, content, signal, { isAnew: true })),
    get: (key, maxBytes, signal) => asking(url, signal, () => get(folder, key, maxBytes, signal)),
  }
}

async function put(
  folder: string,
  key: string,
  content: Content,
  signal: AbortSignal,
  { isAnew = false } = {},
): Promise<void> {
  // It is not made here: without the volume it would be a folder of this machine alone.
  const root = await realpath(folder)
  const target = join(root, key)
  const draft = join(root, unfinished, randomUUID())
  await makeFolders(root, dirname(key))
  if (!isAnew && (await hasFile(target, content.bytes)) && (await isRenewed(target))) return
  await makeFolders(root, unfinished)
  try {
    await write(draft, content, signal)
    // The name says what is in it, so it may take the place of what another worker has just put there.
    await rename(draft, target)
    await synced(dirname(target))
  } finally {
    await rm(draft, { force: true }).catch(() => undefined)
  }
}

/** One by one, so that no link on the way leads elsewhere. */
async function makeFolders(root: string, path: string): Promise<void> {
  let at = root
  for (const name of path.split('/')) {
    at = join(at, name)
    await mkdir(at, { mode: modes.folder }).catch((error: unknown) => {
      if (codeOf(error) !== 'EEXIST') throw error
    })
    if (!(await lstat(at)).isDirectory()) throw new Outside()
  }
}

async function hasFile(path: string, bytes: number): Promise<boolean> {
  return lstat(path).then(
    (file) => file.isFile() && file.size === bytes,
    (error: unknown) => {
      if (codeOf(error) === 'ENOENT') return false
      throw error
    },
  )
}

/** Whoever deletes what is old goes by this time, and an outcome is about to refer to it. */
async function isRenewed(path: string): Promise<boolean> {
  const now = new Date()
  return lutimes(path, now, now).then(
    () => true,
    // It may belong to another user.
    (error: unknown) => codeOf(error) !== 'ENOENT',
  )
}

async function write(path: string, { chunks }: Content, signal: AbortSignal): Promise<void> {
  const file = await open(path, 'wx', modes.file)
  try {
    for (const chunk of chunks) {
      signal.throwIfAborted()
      await writeAll(file, chunk)
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A full disk may take a part. */
async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length;) {
    const { bytesWritten } = await file.write(chunk, at)
    at += bytesWritten
  }
}

/** So that the name outlives a crash of the machine. Not every file system can. */
async function synced(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => undefined)
  await handle?.close()
}

async function get(folder: string, key: string, maxBytes: number, signal: AbortSignal): Promise<Buffer | undefined> {
  const root = await realpath(folder)
  try {
    await requireInside(root, key)
    // Of what is no file, such as a pipe, nothing is waited for.
    const file = await open(join(root, key), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    try {
      return await contentOf(file, maxBytes, signal)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

async function contentOf(file: FileHandle, maxBytes: number, signal: AbortSignal): Promise<Buffer | undefined> {
  const { size, ...found } = await file.stat().then((stats) => ({ size: stats.size, isFile: stats.isFile() }))
  if (!found.isFile) throw new Outside()
  if (size > maxBytes) throw new TooLong()
  const content = Buffer.alloc(size)
  for (let at = 0; at < size;) {
    signal.throwIfAborted()
    const { bytesRead } = await file.read(content, at, Math.min(1024 * 1024, size - at), at)
    if (bytesRead === 0) return content.subarray(0, at)
    at += bytesRead
  }
  return content
}

/** A link leads out of the folder. */
class Outside extends Error {}

async function requireInside(root: string, key: string): Promise<void> {
  const parent = dirname(join(root, key))
  if ((await realpath(parent)) !== parent) throw new Outside()
}

async function asking<T>(url: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof TooLong) throw error
    if (signal.aborted) throw timeoutOr(signal.reason, url)
    throw unavailable(url, error instanceof Outside ? outside : wordsOf(codeOf(error)))
  }
}

const outside = 'has a link in the place of a folder or a file: links are not followed'

function timeoutOr(reason: unknown, url: string): unknown {
  const isTimeout = reason instanceof Error && reason.name === 'TimeoutError'
  return isTimeout ? unavailable(url, 'did not answer in time: is its volume there?') : reason
}

function wordsOf(code: string | undefined): string {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'does not exist: is the volume mounted? Create the folder, which nothing else does'
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'may not be used by this user: check the owner and the mode of the folder'
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return 'is full: free some of its disk, or raise the limit of this user'
    case 'ELOOP':
      return outside
    case undefined:
      return 'cannot be used'
    default:
      return `cannot be used (${code})`
  }
}

function codeOf(error: unknown): string | undefined {
  const code: unknown = Reflect.get(Object(error), 'code')
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : undefined
}
